"""One row a connector: its state, its power, its limit and a sentence why."""

from datetime import datetime, timedelta
from typing import Any, Final

from chargers.enums import SessionState
from evbalancer.dashboard.live.facts import Facts, ShownPlace
from scheduling.domain.views.charging import finish_at

# Only a manager sees whose car it is.
PRIVATE = ("driver", "vehicle", "charge_pct", "admin_url")
# A forecast that moved with every second of the meter would redraw every row, and say no more.
FORECAST_STEP: Final = timedelta(minutes=5)


def rows(facts: Facts) -> list[dict[str, Any]]:
    return [
        _row(place, position, space=facts.space_names[place.connector.pk], now=facts.now)
        for position, place in enumerate(facts.places)
    ]


def without_names(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in PRIVATE}


def _row(place: ShownPlace, position: int, *, space: str, now: datetime) -> dict[str, Any]:
    connector, session = place.connector, place.session
    active = session is not None and session.state == SessionState.ACTIVE
    return {
        "id": str(connector.pk),
        "position": position,
        "space": space,
        "circuit_id": str(connector.circuit_id),
        "circuit": connector.circuit.name,
        "phases": [phase + 1 for phase in connector.wired_phases],
        "state": str(place.state),
        "power_w": place.power_w,
        "limit_ma": _limit_ma(place) if active else None,
        "wanted_ma": connector.wanted_ma if active else None,
        "reserved_ma": max(place.reserved_ma),
        "energy_wh": session.stay_energy_wh if session is not None else None,
        "asked_wh": place.slot.energy_wh if place.slot is not None else None,
        "ready_by": place.slot.ready_by.isoformat() if place.slot is not None else None,
        "finish_at": _finish_at(place, now=now),
        "why": place.why,
        "needs_a_person": place.needs_a_person,
        "driver": session.driver.name if session is not None and session.driver is not None else None,
        "vehicle": session.vehicle.name if session is not None and session.vehicle is not None else None,
        "charge_pct": session.charge_pct if session is not None else None,
        "admin_url": f"/admin/chargers/chargepoint/{connector.charge_point_id}/change/",
    }


def _limit_ma(place: ShownPlace) -> int | None:
    """The limit that the charger has confirmed for this car, else its fallback; None without either."""
    connector = place.connector
    return connector.confirmed_ma if connector.confirmed_ma is not None else connector.fallback_ma


def _finish_at(place: ShownPlace, *, now: datetime) -> str | None:
    if place.session is None or not place.charging:
        return None
    at = finish_at(place.session, place.slot, place.power_w, now=now)
    if at is None:
        return None
    steps = -(-at.timestamp() // FORECAST_STEP.total_seconds())
    return datetime.fromtimestamp(steps * FORECAST_STEP.total_seconds(), at.tzinfo).isoformat()
