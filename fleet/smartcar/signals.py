"""Smartcar's V3 signals, as its API and its webhooks both send them, read into a CarState.

https://smartcar.com/docs/api-reference/signals/schema. Each signal has a status, a body and times of its own.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fleet.enums import ChargeState
from fleet.smartcar.gateway import CarState, Position
from fleet.smartcar.numbers import degrees, km, moment, plug_state, whole

CHARGE, RANGE = "tractionbattery-stateofcharge", "tractionbattery-range"
CAPACITY = "tractionbattery-nominalcapacity"
ODOMETER = "odometer-traveleddistance"
PLUGGED, CHARGING = "charge-ischargingcableconnected", "charge-ischarging"
DETAIL = "charge-detailedchargingstatus"
LIMIT = "charge-activelimit"
LOCATION = "location-preciselocation"
FULL = {"FULLY_CHARGED", "COMPLETE"}
TIMES = ("oemUpdatedAt", "fetchedAt", "retrievedAt")
# Which signal a fact is read from; two signals say whether it charges, and the newer one counts.
FACTS = {
    "range_km": (RANGE,),
    "odometer_km": (ODOMETER,),
    "charge_limit_pct": (LIMIT,),
    "plug_state": (PLUGGED,),
    "charge_state": (DETAIL, CHARGING),
    "charge_pct": (CHARGE,),
    "position": (LOCATION,),
}


def read(signals: Iterable[Any], *, now: datetime) -> CarState | None:
    """What the signals say; None when none of them says anything of charge or plug."""
    bodies, moments = _good(signals, now=now)
    charge = whole(bodies.get(CHARGE, {}).get("value"), 1, most=100)
    plugged = plug_state(bodies.get(PLUGGED, {}).get("value"))
    charging = _charge_state(bodies, moments)
    # Each fact is as old as the word about itself; one that failed has neither a word nor a time.
    times = {
        fact: max(moments[code] for code in codes if code in moments)
        for fact, codes in FACTS.items()
        if any(code in moments for code in codes)
    }
    state = CarState(
        measured_at=times.get("charge_pct") or max(times.values(), default=now),
        plug_at=times.get("plug_state") or times.get("charge_state"),
        times=times,
        charge_pct=charge,
        range_km=_km(bodies.get(RANGE, {})),
        battery_wh=whole(bodies.get(CAPACITY, {}).get("capacity"), 1000),
        odometer_km=_km(bodies.get(ODOMETER, {})),
        charge_limit_pct=whole(bodies.get(LIMIT, {}).get("value"), 1, most=100),
        plug_state=plugged,
        charge_state=charging,
        position=_position(bodies.get(LOCATION, {})),
    )
    return state if state.tells_charge_or_plug() else None


def _good(
    signals: Iterable[Any], *, now: datetime
) -> tuple[dict[str, Mapping[str, Any]], dict[str, datetime]]:
    bodies: dict[str, Mapping[str, Any]] = {}
    moments: dict[str, datetime] = {}
    for signal in signals:
        told = signal.get("attributes", signal) if isinstance(signal, dict) else None
        if not isinstance(told, dict) or not isinstance(told.get("body"), dict):
            continue
        status, code = told.get("status"), str(told.get("code") or signal.get("id") or "").lower()
        if isinstance(status, dict) and status.get("value") not in (None, "SUCCESS"):
            continue
        meta = told.get("meta") or signal.get("meta")
        bodies[code] = told["body"]
        moments[code] = _moment(meta if isinstance(meta, dict) else {}, now=now)
    return bodies, moments


def _moment(meta: Mapping[str, Any], *, now: datetime) -> datetime:
    """When the maker had it from the car, else when Smartcar fetched it, else now."""
    return moment((meta.get(name) for name in TIMES), now=now) or now


def _charge_state(bodies: Mapping[str, Mapping[str, Any]], moments: Mapping[str, datetime]) -> ChargeState:
    charging = bodies.get(CHARGING, {}).get("value")
    is_newer = isinstance(charging, bool) and DETAIL in moments and moments[CHARGING] > moments[DETAIL]
    # A car that does not charge, said later, may still be full; one that charges is not.
    if str(bodies.get(DETAIL, {}).get("value") or "").upper() in FULL and not (is_newer and charging):
        return ChargeState.FULL
    if not isinstance(charging, bool):
        return ChargeState.UNKNOWN
    return ChargeState.CHARGING if charging else ChargeState.NOT_CHARGING


def _km(body: Mapping[str, Any]) -> int | None:
    is_miles = str(body.get("unit") or "").lower() in ("mi", "mile", "miles")
    return km(body.get("value"), is_miles=is_miles)


def _position(body: Mapping[str, Any]) -> Position | None:
    latitude, longitude = degrees(body.get("latitude"), 90), degrees(body.get("longitude"), 180)
    return None if latitude is None or longitude is None else Position(latitude, longitude)
