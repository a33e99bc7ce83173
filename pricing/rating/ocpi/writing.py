"""Writes a tariff as a Tariff object of OCPI 2.3.0."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pricing.rating.ocpi.tariffs import DAYS, HOLIDAYS
from pricing.rating.tariff import DAY_S, Element, Restrictions, Tariff


def words_of_tariff(tariff: Tariff) -> dict[str, Any]:
    """The tariff as a Tariff object of OCPI 2.3.0."""
    body: dict[str, Any] = {
        "id": tariff.id,
        "currency": tariff.currency,
        "tax_included": tariff.tax_included.value,
        "elements": [_words_of_element(element) for element in tariff.elements],
    }
    for key, limit in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
        if limit is not None:
            body[key] = {"before_taxes": number_of(limit.excl_vat)}
            if limit.incl_vat is not None:
                body[key]["after_taxes"] = number_of(limit.incl_vat)
    if tariff.holidays:
        body[HOLIDAYS] = {
            "region": tariff.holiday_region,
            "dates": [day.isoformat() for day in sorted(tariff.holidays)],
        }
    for key, at in (("start_date_time", tariff.starts_at), ("end_date_time", tariff.ends_at)):
        if at is not None:
            body[key] = moment_of(at)
    return body


def _words_of_element(element: Element) -> dict[str, Any]:
    components = []
    for each in element.components:
        component = {
            "type": each.dimension.value,
            "price": number_of(each.price),
            "step_size": each.step_size,
        }
        if each.vat_pct is not None:
            component["vat"] = number_of(each.vat_pct)
        components.append(component)
    restrictions = _words_of_restrictions(element.restrictions)
    return {"price_components": components} | ({"restrictions": restrictions} if restrictions else {})


def _words_of_restrictions(each: Restrictions) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if not each.is_all_day:
        told |= {"start_time": clock_of(each.start_s), "end_time": clock_of(each.end_s)}
    for key, day in (("start_date", each.start_date), ("end_date", each.end_date)):
        if day is not None:
            told[key] = day.isoformat()
    if each.weekdays:
        told["day_of_week"] = [DAYS[day] for day in sorted(each.weekdays)]
    for key, bound in (
        ("min_kwh", each.min_kwh),
        ("max_kwh", each.max_kwh),
        ("min_current", each.min_current_a),
        ("max_current", each.max_current_a),
        ("min_power", each.min_power_kw),
        ("max_power", each.max_power_kw),
    ):
        if bound is not None:
            told[key] = number_of(bound)
    for key, bound_s in (("min_duration", each.min_duration_s), ("max_duration", each.max_duration_s)):
        if bound_s is not None:
            told[key] = bound_s
    if each.reservation is not None:
        told["reservation"] = each.reservation.value
    return told


def clock_of(at_s: int) -> str:
    """17:00, and 00:00 for the end of the day, as OCPI writes it."""
    minutes, seconds = divmod(at_s % DAY_S, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{clock}:{seconds:02}" if seconds else clock


def number_of(value: Decimal) -> int | float:
    """A JSON number."""
    return int(value) if value == value.to_integral_value() else float(value)


def moment_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
