"""Tariffs and CDRs as JSON objects of OCPI, written short."""

from datetime import UTC, datetime, timedelta

DE = {"country": "DEU"}


def component(kind, price, vat=None, step_size=1):
    taxed = {} if vat is None else {"vat": vat}
    return {"type": kind, "price": price, "step_size": step_size, **taxed}


def element(*components, **restrictions):
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def tariff(*elements, **more):
    return {"id": "12", "currency": "EUR", "elements": list(elements), **more}


def as_230(body):
    """The same tariff in the words of OCPI 2.3.0."""
    renamed = {
        key: {"before_taxes": body[key]["excl_vat"], "after_taxes": body[key]["incl_vat"]}
        for key in ("min_price", "max_price")
        if key in body
    }
    return {"tax_included": "NO", **body, **renamed}


def hours(minutes):
    """As a CDR writes it."""
    return round(minutes / 60, 12)


def energy(kwh, minutes=60, **more):
    return minutes, {"ENERGY": kwh, **more}


def charging(minutes, **more):
    return minutes, {"TIME": hours(minutes), **more}


def parking(minutes):
    return minutes, {"PARKING_TIME": hours(minutes)}


def reserved(minutes):
    return minutes, {"RESERVATION_TIME": hours(minutes)}


def cdr(*parts, start="2019-03-04T09:00:00Z", **more):
    """Periods one after another, each of so many minutes, from a Monday in Berlin on."""
    at = datetime.fromisoformat(start)
    periods = []
    for minutes, volumes in parts:
        dimensions = [{"type": kind, "volume": volume} for kind, volume in volumes.items()]
        periods.append({"start_date_time": said(at), "dimensions": dimensions})
        at += timedelta(minutes=minutes)
    body = {"start_date_time": start, "end_date_time": said(at), "currency": "EUR", "cdr_location": DE}
    return body | {"charging_periods": periods} | more


def said(at):
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
