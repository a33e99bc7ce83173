"""A tariff in sentences, one a price, in the order in which the prices are tried."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from django.utils.dates import WEEKDAYS
from django.utils.formats import get_format
from django.utils.translation import gettext, gettext_noop

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
DAYS: Final = tuple(WEEKDAYS[day] for day in range(7))
COSTS: Final = {
    Dimension.ENERGY: gettext_noop("Energy costs %(price)s per kWh"),
    Dimension.TIME: gettext_noop("Charging time costs %(price)s per hour"),
    Dimension.PARKING_TIME: gettext_noop("Parking a full car costs %(price)s per hour"),
    Dimension.FLAT: gettext_noop("A session costs %(price)s once"),
}
LEAST: Final = gettext_noop("A session costs at least %(sum)s.")
MOST: Final = gettext_noop("A session costs at most %(sum)s.")

FEE_WORDS: Final = {
    "emergency_surcharge_per_mwh_minor": (PER_KWH, gettext_noop("An emergency costs %(fee)s a kWh more.")),
    "overstay_per_hour_minor": (
        MINOR,
        gettext_noop("A finished car costs %(fee)s an hour while others wait for its place."),
    ),
    "reservation_fee_minor": (MINOR, gettext_noop("A space that was kept for a car costs %(fee)s once.")),
    "no_show_fee_minor": (MINOR, gettext_noop("A promised slot whose car does not come costs %(fee)s once.")),
    "monthly_share_minor": (MINOR, gettext_noop("Each driver pays %(fee)s a month.")),
    "free_wh_per_month": (
        KILO,
        gettext_noop("Each driver has %(fee)s kWh a month free, the cheapest first."),
    ),
}


def sentences_of(tariff: Tariff) -> list[str]:
    """In the language that is active."""
    said = [
        _sentence(component, element, tariff)
        for element in tariff.elements
        for component in element.components
    ]
    for limit, words in ((tariff.min_price, LEAST), (tariff.max_price, MOST)):
        if limit is not None:
            told = money(limit.excl_vat, tariff.currency)
            if limit.incl_vat is not None:
                told += gettext(" (%(sum)s with taxes)") % {"sum": money(limit.incl_vat, tariff.currency)}
            said.append(gettext(words) % {"sum": told})
    if tariff.holidays:
        days = sorted(tariff.holidays)
        days_told = {
            "region": tariff.holiday_region or "–",  # noqa: RUF001
            "count": len(days),
            "first": days[0].isoformat(),
            "last": days[-1].isoformat(),
        }
        said.append(
            gettext(
                "Public holidays of %(region)s count as Sundays: %(count)s days from %(first)s to %(last)s."
            )
            % days_told
        )
    return said


def fee_sentences(fees: Mapping[str, int], currency: str) -> list[str]:
    """What a version charges beside its prices, one a sentence, by the names of its fields; nothing for what costs nothing."""
    return [
        gettext(words) % {"fee": _fee(name, Decimal(fees[name]) / each, currency)}
        for name, (each, words) in FEE_WORDS.items()
        if fees[name]
    ]


def driver_sentences(
    fees: Mapping[str, int], currency: str, *, grace_min: int, free_left_wh: int | None
) -> list[str]:
    """The same for a driver: with when an idle car begins to cost, and what is left of the month's free energy."""
    told = fee_sentences(fees, currency)
    if fees["overstay_per_hour_minor"]:
        told.append(
            gettext("That begins %(minutes)s minutes after the car is done.") % {"minutes": grace_min}
        )
    if free_left_wh is not None:
        left = amount(Decimal(free_left_wh) / KILO)
        told.append(gettext("%(left)s kWh of this month's free energy are left.") % {"left": left})
    return told


def _sentence(component: PriceComponent, element: Element, tariff: Tariff) -> str:
    words = gettext(COSTS[component.dimension]) % {"price": money(component.price, tariff.currency)}
    if component.vat_pct and tariff.tax_included is not TaxIncluded.NOT_APPLICABLE:
        rate = {"rate": _number(f"{component.vat_pct.normalize():f}")}
        is_in = tariff.tax_included is TaxIncluded.YES
        words += (
            gettext(" (%(rate)s %% VAT of it)") if is_in else gettext(" (%(rate)s %% VAT on top)")
        ) % rate
    conditions = _conditions(element.restrictions)
    if component.step_size > 1 and component.dimension is not Dimension.FLAT:
        unit = "Wh" if component.dimension is Dimension.ENERGY else "s"
        conditions.append(gettext("in steps of %(amount)s") % {"amount": f"{component.step_size} {unit}"})
    return f"{', '.join([words, *conditions])}."


def _conditions(each: Restrictions) -> list[str]:
    said = []
    if not each.is_all_day:
        times = {"start": _clock(each.start_s), "end": _clock(each.end_s)}
        said.append(gettext("from %(start)s to %(end)s") % times)
    if each.weekdays:
        said.append(gettext("on %(days)s") % {"days": _days(each.weekdays)})
    if each.start_date is not None:
        said.append(gettext("from %(bound)s") % {"bound": each.start_date.isoformat()})
    if each.end_date is not None:
        said.append(gettext("before %(day)s") % {"day": each.end_date.isoformat()})
    said += _from_to(_bound(each.min_kwh, "kWh"), _bound(each.max_kwh, "kWh"))
    said += _from_to(_bound(each.min_power_kw, "kW"), _bound(each.max_power_kw, "kW"))
    if each.min_duration_s:
        said.append(gettext("after %(time)s") % {"time": _minutes(each.min_duration_s)})
    if each.max_duration_s:
        said.append(gettext("in the first %(time)s") % {"time": _minutes(each.max_duration_s)})
    return said


def _from_to(least: str | None, below: str | None) -> list[str]:
    said = []
    if least:
        said.append(gettext("from %(bound)s") % {"bound": least})
    if below:
        said.append(gettext("below %(bound)s") % {"bound": below})
    return said


def _bound(value: Decimal | None, unit: str) -> str | None:
    return None if value is None else f"{_number(f'{value.normalize():f}')} {unit}"


def _days(weekdays: frozenset[int]) -> str:
    days = sorted(weekdays)
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return gettext("%(first)s to %(last)s") % {"first": DAYS[days[0]], "last": DAYS[days[-1]]}
    return gettext(" and ").join(str(DAYS[day]) for day in days)


def _clock(at_s: int) -> str:
    return "24:00" if at_s == DAY_S else f"{at_s // 3600:02}:{at_s // 60 % 60:02}"


def _minutes(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(parts) if parts else f"{seconds} s"


def _fee(name: str, value: Decimal, currency: str) -> str:
    return money(value, currency) if name.endswith("_minor") else amount(value)


def money(value: Decimal, currency: str) -> str:
    return f"{amount(value)} {currency}"


def amount(value: Decimal) -> str:
    """With two digits after the point, or as many as it has."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    return _number(f"{plain:.{digits}f}")


def _number(plain: str) -> str:
    return plain.replace(".", str(get_format("DECIMAL_SEPARATOR")))
