"""One row a connector: its state, its power, its limit and a sentence why."""

from collections import Counter
from typing import Any

from chargers.enums import SessionState
from evbalancer.dashboard.live.facts import Facts, ShownPlace

# Only a manager sees whose car it is.
PRIVATE = ("driver", "vehicle", "charge_pct", "admin_url")


def rows(facts: Facts) -> list[dict[str, Any]]:
    per_charger = Counter(place.connector.charge_point_id for place in facts.places)
    return [
        _row(place, position, alone=per_charger[place.connector.charge_point_id] == 1)
        for position, place in enumerate(facts.places)
    ]


def without_names(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in PRIVATE}


def _row(place: ShownPlace, position: int, *, alone: bool) -> dict[str, Any]:
    connector, session = place.connector, place.session
    name = connector.charge_point.name
    active = session is not None and session.state == SessionState.ACTIVE
    return {
        "id": str(connector.pk),
        "position": position,
        "space": name if alone else f"{name}/{connector.number}",
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
