"""What Smartcar's V2 webhooks tell of a car: answers of its addresses, each with a code and headers of its own.

https://smartcar.com/docs/integrations/webhooks, version 2.0. V3's webhooks carry signals instead (`fleet.smartcar.signals`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fleet.enums import ChargeState
from fleet.smartcar.gateway import CarState
from fleet.smartcar.live import CHARGE_STATES
from fleet.smartcar.numbers import km, moment, plug_state, whole

BATTERY, CAPACITY, CHARGE, LIMIT, ODOMETER = (
    "/battery", "/battery/capacity", "/charge", "/charge/limit", "/odometer",
)  # fmt: skip
FACTS = {
    BATTERY: ("charge_pct", "range_km"),
    CHARGE: ("plug_state", "charge_state"),
    LIMIT: ("charge_limit_pct",),
    ODOMETER: ("odometer_km",),
}


def read(parts: Iterable[Any], *, told_at: Any, now: datetime) -> CarState | None:
    """What the parts say that were answered; None when none says anything of charge or plug. `told_at`: of the whole delivery."""
    bodies: dict[str, Mapping[str, Any]] = {}
    times: dict[str, datetime] = {}
    in_miles: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not isinstance(part.get("body"), dict):
            continue
        if part.get("code", 200) != 200:
            continue
        path, headers = str(part.get("path") or "").rstrip("/").lower(), _headers(part)
        bodies[path] = part["body"]
        at = moment((headers.get("sc-data-age"), told_at), now=now) or now
        times |= dict.fromkeys(FACTS.get(path, ()), at)
        if str(headers.get("sc-unit-system") or "").lower() == "imperial":
            in_miles.add(path)
    battery, charge = bodies.get(BATTERY, {}), bodies.get(CHARGE, {})
    state = CarState(
        measured_at=times.get("charge_pct") or max(times.values(), default=now),
        plug_at=times.get("plug_state"),
        charge_pct=whole(battery.get("percentRemaining"), 100, most=100),
        range_km=km(battery.get("range"), is_miles=BATTERY in in_miles),
        battery_wh=whole(bodies.get(CAPACITY, {}).get("capacity"), 1000),
        odometer_km=km(bodies.get(ODOMETER, {}).get("distance"), is_miles=ODOMETER in in_miles),
        charge_limit_pct=whole(bodies.get(LIMIT, {}).get("limit"), 100, most=100),
        plug_state=plug_state(charge.get("isPluggedIn")),
        charge_state=CHARGE_STATES.get(str(charge.get("state") or ""), ChargeState.UNKNOWN),
        times=times,
    )
    return state if state.tells_charge_or_plug() else None


def _headers(part: Mapping[str, Any]) -> dict[str, Any]:
    told = part.get("headers")
    return {str(name).lower(): value for name, value in told.items()} if isinstance(told, dict) else {}
