"""The tree as bars: the same bar at every level, one line a phase, everything in mA per phase."""

from typing import Any
from uuid import UUID

from evbalancer.common.units import PHASES, ZERO_MA, PhaseMilliamps
from evbalancer.dashboard.live.facts import Facts, ShownPlace
from grid.domain.limits import aimed_limits_ma, limit_in_force_ma
from grid.models import Circuit


def bars(facts: Facts) -> list[dict[str, Any]]:
    """Depth first, so that a circuit follows the one that feeds it."""
    return [_bar(facts, circuit, depth) for circuit, depth in _in_order(facts)]


def _in_order(facts: Facts) -> list[tuple[Circuit, int]]:
    ordered: list[tuple[Circuit, int]] = []

    def walk(parent_id: UUID | None, depth: int) -> None:
        for circuit in facts.tree.circuits.values():
            if circuit.parent_id == parent_id:
                ordered.append((circuit, depth))
                walk(circuit.pk, depth + 1)

    walk(None, 0)
    return ordered


def _bar(facts: Facts, circuit: Circuit, depth: int) -> dict[str, Any]:
    places = facts.at_and_below(circuit.pk)
    building = facts.building_ma(circuit.pk)
    cars, reserved = total(place.measured_ma for place in places), total(map(_may_add, places))
    judged = limit_in_force_ma(circuit, facts.limits, now=facts.now)
    aimed = aimed_limits_ma([circuit], facts.limits)[circuit.pk]
    ahead = [
        limit for limit in facts.limits if limit.circuit_id == circuit.pk and limit.effective_at > facts.now
    ]
    return {
        "id": str(circuit.pk),
        "name": circuit.name,
        "kind": circuit.kind,
        "depth": depth,
        "building_source": _source(facts, circuit),
        "phases": [
            {
                "building_ma": building[phase],
                "cars_ma": cars[phase],
                "reserved_ma": reserved[phase],
                "limit_ma": judged[phase],
                "announced_ma": aimed[phase] if aimed[phase] < judged[phase] else None,
                "usual_ma": circuit.limit_ma[phase],
            }
            for phase in PHASES
        ],
        "announced_at": min(limit.effective_at for limit in ahead).isoformat() if ahead else None,
    }


def total(loads: Any) -> PhaseMilliamps:
    result = ZERO_MA
    for load in loads:
        result = result.plus(load)
    return result


def _may_add(place: ShownPlace) -> PhaseMilliamps:
    """Reservations above the measured load. A car that draws more than its reservation counts as measured."""
    return PhaseMilliamps(
        *(max(0, most - now) for most, now in zip(place.reserved_ma, place.measured_ma, strict=True)),
    )


def _source(facts: Facts, circuit: Circuit) -> str:
    if circuit.has_meter:
        return "assumed" if circuit.pk in facts.silent_meters else "measured"
    return "expected" if hasattr(circuit, "load_curve") else "assumed"
