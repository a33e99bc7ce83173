"""Reads a Tariff object of OCPI 2.2.1 or 2.3.0, also one of 2.1.1."""

from collections.abc import Mapping
from typing import Any, Final

from pricing.rating.ocpi.fields import (
    NOTHING,
    UnreadableError,
    cited,
    day_of,
    moment,
    number,
    objects,
    second_of_day,
    text,
    whole,
    word,
    words,
)
from pricing.rating.tariff import (
    DAY_S,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    ReservationKind,
    Restrictions,
    Tariff,
    TaxIncluded,
)

DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
RESTRICTIONS: Final = frozenset({
    "start_time", "end_time", "start_date", "end_date", "min_kwh", "max_kwh", "min_current", "max_current",
    "min_power", "max_power", "min_duration", "max_duration", "day_of_week", "reservation",
})  # fmt: skip
MOST_VAT_PCT: Final = 1000
HOLIDAYS: Final = "holidays_as_sunday"
MOST_HOLIDAYS: Final = 2_000
# A tariff in a list, in `tariffs`, in `data` and the like.
MOST_WRAPPED: Final = 6
NOT_APPLICABLE: Final = ("N/A", "NA", "N_A", "NOT_APPLICABLE")


def tariffs_in(body: Any, *, name: str, levels: int = MOST_WRAPPED) -> list[dict[str, Any]]:
    """The Tariff objects of a file: one, a list, in an OCPI response (`data`), or the `tariffs` of another object."""
    if isinstance(body, list) and body and levels:
        return [tariff for each in body for tariff in tariffs_in(each, name=name, levels=levels - 1)]
    if isinstance(body, dict) and levels:
        if "elements" in body:
            return [body]
        for key in ("data", "tariffs", "tariff"):
            if body.get(key):
                return tariffs_in(body[key], name=name, levels=levels - 1)
    raise UnreadableError(f"{name} has no tariff: an object with `elements` is expected.")


def tariff_of(body: Mapping[str, Any]) -> Tariff:
    """The tariff of a Tariff object. Raises UnreadableError with a sentence."""
    elements = objects(body, "elements", "")
    if not elements:
        raise UnreadableError("The tariff has no elements, so nothing has a price.")
    starts_at, ends_at = moment(body, "start_date_time", ""), moment(body, "end_date_time", "")
    if starts_at and ends_at and ends_at <= starts_at:
        raise UnreadableError("The tariff's end_date_time is not after its start_date_time.")
    return Tariff(
        id=text(body, "id"),
        currency=word(body, "currency"),
        elements=tuple(_element(each, f"elements[{index}].") for index, each in enumerate(elements)),
        tax_included=_tax_included(body),
        min_price=_limit(body, "min_price"),
        max_price=_limit(body, "max_price"),
        starts_at=starts_at,
        ends_at=ends_at,
        **_holidays(body),
    )


def _holidays(body: Mapping[str, Any]) -> dict[str, Any]:
    """Our extension: an object with the dates that count as Sundays, and the region that they are of."""
    told = body.get(HOLIDAYS)
    if told in NOTHING:
        return {}
    if not isinstance(told, dict):
        raise UnreadableError(f"{HOLIDAYS} is {cited(told)}, and an object is expected.")
    dates = told.get("dates")
    if not isinstance(dates, list) or len(dates) > MOST_HOLIDAYS:
        raise UnreadableError(f"{HOLIDAYS}.dates has to be a list of at most {MOST_HOLIDAYS} days.")
    days = {day_of({"dates": each}, "dates", f"{HOLIDAYS}.") for each in dates}
    return {"holidays": frozenset(days - {None}), "holiday_region": text(told, "region")}


def _tax_included(body: Mapping[str, Any]) -> TaxIncluded:
    value = body.get("tax_included")
    if isinstance(value, bool):
        return TaxIncluded.YES if value else TaxIncluded.NO
    told = word(body, "tax_included").replace(" ", "_")
    if told in NOT_APPLICABLE:
        return TaxIncluded.NOT_APPLICABLE
    if told in {"", "YES", "NO"}:
        return TaxIncluded(told or "NO")
    raise UnreadableError(f"tax_included is {cited(value)}, and YES, NO or N/A is expected.")


def _limit(body: Mapping[str, Any], key: str) -> PriceLimit | None:
    """A Price of 2.2.1, a PriceLimit of 2.3.0, or a number before taxes."""
    value = body.get(key)
    if value in NOTHING:
        return None
    if not isinstance(value, dict):
        amount = number(body, key, "")
        return None if amount is None else PriceLimit(amount)
    where = f"{key}."
    before = number(value, "excl_vat", where) if "excl_vat" in value else number(value, "before_taxes", where)
    after = number(value, "incl_vat", where) if "incl_vat" in value else number(value, "after_taxes", where)
    if before is None:
        raise UnreadableError(f"{key} has neither excl_vat nor before_taxes.")
    return PriceLimit(before, after)


def _element(body: Mapping[str, Any], where: str) -> Element:
    components = objects(body, "price_components", where)
    if not components:
        raise UnreadableError(f"{where}price_components is empty, and one price at least is expected.")
    read = [_component(each, f"{where}price_components[{index}].") for index, each in enumerate(components)]
    restrictions = body.get("restrictions")
    if restrictions in NOTHING:
        return Element(tuple(read))
    if not isinstance(restrictions, dict):
        raise UnreadableError(f"{where}restrictions is {cited(restrictions)}, and an object is expected.")
    return Element(tuple(read), _restrictions(restrictions, f"{where}restrictions."))


def _component(body: Mapping[str, Any], where: str) -> PriceComponent:
    told = word(body, "type")
    if told not in Dimension.__members__:
        raise UnreadableError(
            f"{where}type is {cited(body.get('type'))}; ENERGY, TIME, PARKING_TIME and FLAT are rated."
        )
    price = number(body, "price", where)
    if price is None:
        raise UnreadableError(f"{where}price is missing.")
    vat_pct = number(body, "vat", where)
    if vat_pct is not None and not 0 <= vat_pct <= MOST_VAT_PCT:
        raise UnreadableError(
            f"{where}vat is {vat_pct}, and a percentage from 0 to {MOST_VAT_PCT} is expected."
        )
    step_size = whole(body, "step_size", where)
    return PriceComponent(Dimension(told), price, vat_pct, 1 if step_size is None else step_size)


def _restrictions(body: Mapping[str, Any], where: str) -> Restrictions:
    reservation = word(body, "reservation")
    if reservation and reservation not in ReservationKind.__members__:
        raise UnreadableError(
            f"{where}reservation is {cited(body['reservation'])}; RESERVATION and RESERVATION_EXPIRES are rated."
        )
    start_s, end_s = second_of_day(body, "start_time", where), second_of_day(body, "end_time", where)
    if start_s == DAY_S:
        raise UnreadableError(f"{where}start_time is 24:00, which is the next day's 00:00.")
    return Restrictions(
        start_s=start_s or 0,
        end_s=end_s or DAY_S,
        start_date=day_of(body, "start_date", where),
        end_date=day_of(body, "end_date", where),
        weekdays=_weekdays(body, where),
        min_kwh=number(body, "min_kwh", where),
        max_kwh=number(body, "max_kwh", where),
        min_current_a=number(body, "min_current", where),
        max_current_a=number(body, "max_current", where),
        min_power_kw=number(body, "min_power", where),
        max_power_kw=number(body, "max_power", where),
        min_duration_s=whole(body, "min_duration", where),
        max_duration_s=whole(body, "max_duration", where),
        reservation=ReservationKind(reservation) if reservation else None,
    )


def _weekdays(body: Mapping[str, Any], where: str) -> frozenset[int]:
    read = set()
    for told in words(body, "day_of_week", where):
        day = next(
            (index for index, name in enumerate(DAYS) if len(told) > 1 and name.startswith(told)), None
        )
        if day is None:
            raise UnreadableError(f"{where}day_of_week has {cited(told)}, and MONDAY to SUNDAY are expected.")
        read.add(day)
    return frozenset(read)


def unread_restrictions(body: Mapping[str, Any]) -> list[str]:
    """The restrictions of a Tariff object that OCPI 2.3.0 does not have: they do not count."""
    found = []
    for index, element in enumerate(objects(body, "elements", "")):
        restrictions = element.get("restrictions")
        told = restrictions if isinstance(restrictions, dict) else {}
        found += [
            f"elements[{index}].restrictions.{key}" for key in told if key not in RESTRICTIONS and told[key]
        ]
    return found
