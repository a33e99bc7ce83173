"""Ways of writing a charging profile: tried in turn until a charge point accepts one, and remembered by make."""

from collections.abc import Mapping
from typing import Any

from chargers.domain.makes.makes import known_make, learn_facts
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from chargers.orders.charging import SetFallback

# Of a fallback (field cases 12 and 14).
RUNGS: tuple[Mapping[str, Any], ...] = (
    {"relative": True, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": False, "stack_level": 0, "unit": "A"},
    {"relative": True, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 0, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "A"},
    {"relative": False, "each": True, "stack_level": 1, "unit": "W"},
    {"relative": True, "each": False, "stack_level": 0, "unit": "W"},
    {"relative": False, "each": False, "stack_level": 0, "unit": "W"},
)
# Of a maximum of the whole charge point.
STATION_WAYS: tuple[Mapping[str, Any], ...] = (
    {"stack_level": 0, "unit": "A"},
    {"stack_level": 1, "unit": "A"},
    {"stack_level": 0, "unit": "W"},
)
# The units that a make says it takes limits in, by ours.
TOLD_UNITS = {"A": "Current", "W": "Power"}


def first_rung(charge_point: ChargePoint, *, from_rung: int) -> int:
    """The first way from that one on, and around, that its make says it can take; else that one."""
    ways = [(from_rung + step) % len(RUNGS) for step in range(len(RUNGS))]
    return next((way for way in ways if _may_take(known_make(charge_point), RUNGS[way])), ways[0])


def known_level(charge_point: ChargePoint) -> int:
    """The stack level of the way of writing a fallback that its make takes."""
    return int(RUNGS[known_make(charge_point).rung]["stack_level"])


def unit_of_make(charge_point: ChargePoint) -> str:
    """The unit of limits for its make: A, or W if nothing else was accepted."""
    return str(RUNGS[known_make(charge_point).rung]["unit"])


def takes_watts(charge_point: ChargePoint) -> bool:
    return unit_of_make(charge_point) == "W"


def told_phases(connector: Connector, session: Session, *, limit_ma: int) -> int | None:
    """The phases that a limit in watts is meant for: those that this car is known to load.

    Unknown is one, the least that the charger could take them for; but with all that the connector gives, no phase can
    have more than its limit, however many the charger takes them for.
    """
    if session.phases_seen:
        return len(session.phases_seen)
    return len(connector.wired_phases) if limit_ma >= connector.max_current_ma else None


def least_start_ma(connector: Connector, session: Session) -> int:
    """The least limit that lets a car of unknown phases begin: told in watts of one phase, less is too little on all of them."""
    least_ma = connector.min_current_ma
    if session.phases_seen or not takes_watts(connector.charge_point):
        return least_ma
    return min(len(connector.wired_phases) * least_ma, connector.max_current_ma)


def remember_rung(command: ChargerCommand) -> None:
    """The next one of its make begins with the way that this one took."""
    taken = command.read_as(SetFallback)
    if taken is not None and taken.rung is not None:
        learn_facts(command.charge_point, rung=taken.rung)


def _may_take(make: Make, rung: Mapping[str, Any]) -> bool:
    """Judged by the make's own answers; without one everything is tried."""
    has_unit = not make.rate_units or TOLD_UNITS[rung["unit"]] in make.rate_units
    return has_unit and (make.max_stack_level is None or rung["stack_level"] <= make.max_stack_level)
