"""Rates OCPI's objects and tells the result in OCPI's words: the totals of a CDR, and the periods as they were priced."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from pricing.rating.ocpi.cdrs import Record, cdr_in, record_of
from pricing.rating.ocpi.fields import UnreadableError, text
from pricing.rating.ocpi.tariffs import tariff_of, tariffs_in, unread_restrictions
from pricing.rating.ocpi.writing import moment_of, number_of
from pricing.rating.ocpi.zones import zone_named, zone_of
from pricing.rating.priced import Kind, Line, Money, Part, PricedPeriod, Rated, round_half_up
from pricing.rating.rate import rate
from pricing.rating.session import Session
from pricing.rating.tariff import Dimension, Tariff, TaxIncluded

VOLUME_DECIMALS: Final = 6
UNITS: Final = {Kind.ENERGY: "kWh", Kind.FLAT: "", Kind.RESERVATION_FLAT: ""}
AMOUNTS: Final = {
    "energy": (Kind.ENERGY,),
    "time": (Kind.TIME,),
    "parking_time": (Kind.PARKING_TIME,),
    "reservation_time": (Kind.RESERVATION_TIME,),
}


def rate_objects(tariffs: Any, cdr: Any, *, time_zone: str) -> dict[str, Any]:
    """What a CDR costs by the tariff that it names, or the first that holds. Raises UnreadableError with a sentence."""
    record = record_of(cdr_in(cdr, name="The CDR's file"))
    body = _chosen(tariffs_in(tariffs, name="The tariff's file"), record)
    tariff = tariff_of(body)
    if tariff.currency and record.currency and tariff.currency != record.currency:
        raise UnreadableError(f"The tariff is in {tariff.currency}, and the CDR in {record.currency}.")
    zone = _zone(tariff, record, time_zone)
    rated = rate(tariff, record.session, zone=zone or ZoneInfo("UTC"))
    remarks = [*record.remarks, *_remarks(tariff, body, record.session)]
    return _words_of(rated, tariff, record, zone) | {"remarks": remarks}


def _chosen(bodies: Sequence[dict[str, Any]], record: Record) -> dict[str, Any]:
    """Of several tariffs the one that the periods name, else the first that holds when the session begins."""
    if len(bodies) == 1:
        return bodies[0]
    named = [body for body in bodies if text(body, "id") in record.tariff_ids]
    if len({text(body, "id") for body in named}) > 1:
        raise UnreadableError(
            f"The periods name {len(record.tariff_ids)} tariffs; one CDR is rated by one tariff."
        )
    candidates = named or bodies
    start = record.session.start
    return next((body for body in candidates if tariff_of(body).holds_at(start)), candidates[0])


def _zone(tariff: Tariff, record: Record, time_zone: str) -> ZoneInfo | None:
    """As asked for, else the location's own, else its country's. None where nothing depends on it."""
    if time_zone or record.time_zone:
        return zone_named(time_zone or record.time_zone)
    if not tariff.is_local:
        return None
    periods = record.session.periods
    return zone_of(record.country, start=periods[0].start, end=periods[-1].end)


def _remarks(tariff: Tariff, body: Mapping[str, Any], session: Session) -> list[str]:
    """What a person should know about this result."""
    found = [f"{where} is unknown and does not count." for where in unread_restrictions(body)]
    if not tariff.holds_at(session.start):
        found.append(
            f"The tariff is not valid at {moment_of(session.start)}, when the session begins, and was given for it."
        )
    found += _unlisted(tariff, session)
    components = [each for element in tariff.elements for each in element.components]
    untaxed = any(each.vat_pct is None and each.price for each in components)
    if tariff.tax_included is TaxIncluded.YES and untaxed:
        found.append("The prices contain taxes without a rate: excl_vat contains them too.")
    if tariff.tax_included is TaxIncluded.NOT_APPLICABLE and any(each.vat_pct for each in components):
        found.append("The tariff says that no taxes apply, and has VAT: it does not count.")
    if "tax_included" in body and tariff.tax_included is TaxIncluded.NO and untaxed:
        found.append("Taxes without a rate come on top of some prices: incl_vat lacks them.")
    return found


def _unlisted(tariff: Tariff, session: Session) -> list[str]:
    """Dimensions that have a price, and that no period lists: nobody can say how much it was."""
    if session.is_expired_reservation:
        return []
    elements = [element for element in tariff.elements if element.restrictions.reservation is None]
    priced = {each.dimension for element in elements for each in element.components if each.price}
    listed = {
        Dimension.ENERGY: any(period.energy_kwh for period in session.periods),
        Dimension.TIME: any(period.charging_h for period in session.periods),
    }
    return [
        f"{dimension} has a price, and no charging period lists {dimension}: it costs nothing."
        for dimension, is_listed in listed.items()
        if dimension in priced and not is_listed
    ]


def _words_of(rated: Rated, tariff: Tariff, record: Record, zone: ZoneInfo | None) -> dict[str, Any]:
    return {
        "tariff_id": tariff.id,
        "currency": tariff.currency or record.currency,
        "time_zone": zone.key if zone else None,
        "total_cost": _money(rated.total),
        **{f"total_{part}_cost": _money(rated.totals[part]) for part in Part},
        "by_limit": _money(rated.by_limit),
        "taxes": _taxes(rated, tariff),
        **{f"billed_{name}": _volume(rated.amount(*kinds, billed=True)) for name, kinds in AMOUNTS.items()},
        "periods": [
            _period(period, costs, zone) for period, costs in zip(rated.periods, rated.costs, strict=True)
        ],
    }


def _taxes(rated: Rated, tariff: Tariff) -> list[dict[str, Any]]:
    """The tax of each rate, as the `taxes` of OCPI 2.3.0 list it, before min_price and max_price."""
    if tariff.tax_included is TaxIncluded.NOT_APPLICABLE:
        return []
    by_rate: dict[Decimal, Decimal] = {}
    for period, costs in zip(rated.periods, rated.costs, strict=True):
        for line, cost in zip(period.lines, costs, strict=True):
            if line.component.vat_pct is not None:
                rate_pct = line.component.vat_pct
                by_rate[rate_pct] = by_rate.get(rate_pct, Decimal(0)) + cost.incl_vat - cost.excl_vat
    return [
        {"name": "VAT", "percentage": number_of(rate_pct), "amount": number_of(amount)}
        for rate_pct, amount in sorted(by_rate.items())
    ]


def _period(period: PricedPeriod, costs: Iterable[Money], zone: ZoneInfo | None) -> dict[str, Any]:
    words = {
        "start_date_time": moment_of(period.start),
        "end_date_time": moment_of(period.end),
        "charging_period": period.index,
        "dimensions": [_line(line, cost) for line, cost in zip(period.lines, costs, strict=True)],
    }
    return words | ({"local_start": period.start.astimezone(zone).isoformat()} if zone else {})


def _line(line: Line, cost: Money) -> dict[str, Any]:
    component = line.component
    return {
        "type": line.kind.value,
        "volume": _volume(line.amount),
        "billed_volume": _volume(line.billed),
        "unit": UNITS.get(line.kind, "h"),
        "price": number_of(component.price),
        "vat": None if component.vat_pct is None else number_of(component.vat_pct),
        "step_size": component.step_size,
        "element": line.element,
        "part_of": f"total_{line.part}_cost",
        "cost": _money(cost),
    }


def _money(money: Money) -> dict[str, Any]:
    return {"excl_vat": number_of(money.excl_vat), "incl_vat": number_of(money.incl_vat)}


def _volume(amount: Fraction) -> int | float:
    return number_of(round_half_up(amount, VOLUME_DECIMALS))
