"""A tariff in sentences, one a price, in the order in which the prices are tried."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext_noop

from evbalancer.common.words.telling import Phrase, register_phrases
from pricing.rating.tariff import (
    DAY_S,
    Dimension,
    Element,
    PriceComponent,
    Restrictions,
    Tariff,
    TaxIncluded,
)
from pricing.rating.weekly import PER_KWH

MINOR, KILO = 100, 1_000
NOTICES: Final[dict[str, Phrase]] = {
    "statement.issued": gettext_noop(
        "Your statement %(number)s of %(month)s over %(sum)s is there: open it on your page under History."
    ),
    "statement.overdue": gettext_noop(
        "Statement %(number)s was due on %(day)s, and %(sum)s is open. Please pay it."
    ),
    "wallet.short": gettext_noop(
        "Your wallet did not cover statement %(number)s: %(left)s is open. Please transfer it or fill the wallet."
    ),
}
register_phrases(NOTICES)
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COSTS: Final = {
    Dimension.ENERGY: "Energy costs {price} per kWh",
    Dimension.TIME: "Charging time costs {price} per hour",
    Dimension.PARKING_TIME: "Parking a full car costs {price} per hour",
    Dimension.FLAT: "A session costs {price} once",
}

FEE_WORDS: Final = {
    "emergency_surcharge_per_mwh_minor": (PER_KWH, "An emergency costs {fee} a kWh more."),
    "overstay_per_hour_minor": (MINOR, "A finished car costs {fee} an hour while others wait for its place."),
    "reservation_fee_minor": (MINOR, "A space that was kept for a car costs {fee} once."),
    "no_show_fee_minor": (MINOR, "A promised slot whose car does not come costs {fee} once."),
    "monthly_share_minor": (MINOR, "Each driver pays {fee} a month."),
    "free_wh_per_month": (KILO, "Each driver has {fee} kWh a month free, the cheapest first."),
}


def sentences_of(tariff: Tariff) -> list[str]:
    said = [
        _sentence(component, element, tariff)
        for element in tariff.elements
        for component in element.components
    ]
    for limit, words in ((tariff.min_price, "at least"), (tariff.max_price, "at most")):
        if limit is not None:
            after = "" if limit.incl_vat is None else f" ({amount(limit.incl_vat)} with taxes)"
            said.append(f"A session costs {words} {amount(limit.excl_vat)}{after}.")
    if tariff.holidays:
        days = sorted(tariff.holidays)
        whose = tariff.holiday_region or "the tariff"
        said.append(
            f"Public holidays of {whose} count as Sundays: {len(days)} days from {days[0].isoformat()} to {days[-1].isoformat()}."
        )
    return said


def fee_sentences(fees: Mapping[str, int]) -> list[str]:
    """What a version charges beside its prices, one a sentence, by the names of its fields; nothing for what costs nothing."""
    return [
        words.format(fee=amount(Decimal(fees[name]) / each))
        for name, (each, words) in FEE_WORDS.items()
        if fees[name]
    ]


def _sentence(component: PriceComponent, element: Element, tariff: Tariff) -> str:
    words = COSTS[component.dimension].format(price=amount(component.price))
    if component.vat_pct and tariff.tax_included is not TaxIncluded.NOT_APPLICABLE:
        where = "of it" if tariff.tax_included is TaxIncluded.YES else "on top"
        words += f" ({component.vat_pct.normalize():f} % VAT {where})"
    conditions = _conditions(element.restrictions)
    if component.step_size > 1 and component.dimension is not Dimension.FLAT:
        unit = "Wh" if component.dimension is Dimension.ENERGY else "s"
        conditions.append(f"in steps of {component.step_size} {unit}")
    return f"{', '.join([words, *conditions])}."


def _conditions(each: Restrictions) -> list[str]:
    said = []
    if not each.is_all_day:
        said.append(f"from {_clock(each.start_s)} to {_clock(each.end_s)}")
    if each.weekdays:
        said.append(f"on {_days(each.weekdays)}")
    for day, words in ((each.start_date, "from"), (each.end_date, "before")):
        if day is not None:
            said.append(f"{words} {day.isoformat()}")
    said += _bounds(each.min_kwh, each.max_kwh, "kWh")
    said += _bounds(each.min_power_kw, each.max_power_kw, "kW")
    for bound_s, words in ((each.min_duration_s, "after"), (each.max_duration_s, "in the first")):
        if bound_s:
            said.append(f"{words} {_minutes(bound_s)}")
    return said


def _bounds(least: Decimal | None, below: Decimal | None, unit: str) -> list[str]:
    told = ((least, "from"), (below, "below"))
    return [f"{words} {bound.normalize():f} {unit}" for bound, words in told if bound is not None]


def _days(weekdays: frozenset[int]) -> str:
    days = sorted(weekdays)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]} to {DAYS[days[-1]]}"
    return " and ".join(DAYS[day] for day in days)


def _clock(at_s: int) -> str:
    return "24:00" if at_s == DAY_S else f"{at_s // 3600:02}:{at_s // 60 % 60:02}"


def _minutes(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts) if parts else f"{seconds} s"


def amount(value: Decimal) -> str:
    """With two digits after the point, or as many as it has."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{plain:.{digits}f}"
