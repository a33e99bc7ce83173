"""Refuse what contradicts itself, with the path of the field."""

import math
from collections.abc import Iterable

from scheduling.solver.errors import BadInputError
from scheduling.solver.problem import Circuit, Demand, Problem

MOST_PERIODS = 20_000
USUAL_PHASES = {(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)}


def check(problem: Problem) -> None:
    """Raise BadInputError for the first field at fault."""
    if problem.period_s <= 0:
        raise BadInputError("period_s", "must be above zero")
    if problem.horizon is not None and not 0 < problem.horizon <= MOST_PERIODS:
        raise BadInputError("horizon", f"must be between 1 and {MOST_PERIODS}")
    check_tree(problem.circuits)
    known = {circuit.id for circuit in problem.circuits}
    for circuit in problem.circuits:
        _circuit(circuit)
    _unique("demands", [demand.id for demand in problem.demands])
    for name, demands in (("demands", problem.demands), ("expected", problem.expected)):
        for demand in demands:
            if not _sound(demand, known):
                _demand(f"{name}[{demand.id}]", demand, known)
    for at, held in enumerate(problem.reservations):
        path = f"reservations[{at}]"
        if held.circuit_id not in known:
            raise BadInputError(f"{path}.circuit_id", f"no circuit {held.circuit_id!r}")
        _not_negative(f"{path}.load_ma", held.load_ma)
        _not_negative(f"{path}.load_w", (held.load_w,))
    _phasors(problem)
    _finite("price", problem.price)
    _finite("carbon", problem.carbon)


def _phasors(problem: Problem) -> None:
    for limit in problem.phasors:
        _not_negative(f"phasors[{limit.id}].limit_ma", (limit.limit_ma,))
        _finite(f"phasors[{limit.id}].terms", [part for _, re, im in limit.terms for part in (re, im)])
        if not limit.volts > 0:
            raise BadInputError(f"phasors[{limit.id}].volts", "must be above zero")


def check_tree(circuits: Iterable[Circuit]) -> None:
    """Unique ids, known parents, no cycle."""
    parents = {circuit.id: circuit.parent_id for circuit in circuits}
    _unique("circuits", [circuit.id for circuit in circuits])
    settled: set[str] = set()
    for start in sorted(parents):
        path: set[str] = set()
        at: str | None = start
        while at is not None and at not in settled:
            if at in path:
                raise BadInputError(f"circuits[{at}].parent_id", "the tree has a cycle")
            path.add(at)
            above = parents[at]
            if above is not None and above not in parents:
                raise BadInputError(f"circuits[{at}].parent_id", f"no circuit {above!r}")
            at = above
        settled |= path


def _circuit(circuit: Circuit) -> None:
    path = f"circuits[{circuit.id}]"
    for name in ("limit_ma", "base_load_ma"):
        value = getattr(circuit, name)
        if value is not None:
            _not_negative(f"{path}.{name}", value)
    for name in ("limit_w", "base_load_w", "margin_ma"):
        value = getattr(circuit, name)
        if value is not None:
            _not_negative(f"{path}.{name}", (value,))
    for name in ("limit_ma_series", "base_load_ma_series"):
        for at, entry in enumerate(getattr(circuit, name)):
            _not_negative(f"{path}.{name}[{at}]", entry)
    for name in ("limit_w_series", "base_load_w_series"):
        _not_negative(f"{path}.{name}", getattr(circuit, name))


def _sound(demand: Demand, known: set[str]) -> bool:
    """The common case at a glance; a thousand cars are checked every tick."""
    return (
        demand.circuit_id in known
        and demand.phases in USUAL_PHASES
        and 0 <= demand.min_ma < math.inf
        and 0 <= demand.max_ma < math.inf
        and 0 <= demand.emergency_min_ma < math.inf
        and 0 <= demand.taper_wh < math.inf
        and 0 <= demand.current_ma < math.inf
        and (demand.max_w is None or 0 <= demand.max_w < math.inf)
        and (demand.energy_wh is None or 0 <= demand.energy_wh < math.inf)
        and (demand.remaining_wh is None or 0 <= demand.remaining_wh < math.inf)
        and 0 <= demand.promised_wh < math.inf
        and 0 < demand.step_ma < math.inf
        and 0 < demand.volts < math.inf
        and 0 < demand.weight < math.inf
        and (demand.depart_s is None or demand.depart_s >= demand.arrive_s)
    )


def _demand(path: str, demand: Demand, known: set[str]) -> None:
    if demand.circuit_id not in known:
        raise BadInputError(f"{path}.circuit_id", f"no circuit {demand.circuit_id!r}")
    if (
        not demand.phases
        or len(set(demand.phases)) != len(demand.phases)
        or not set(demand.phases) <= {0, 1, 2}
    ):
        raise BadInputError(f"{path}.phases", "must be some of 0, 1, 2, each once")
    amounts = (demand.min_ma, demand.max_ma, demand.emergency_min_ma, demand.taper_wh, demand.current_ma)
    _not_negative(f"{path}", amounts)
    for name in ("max_w", "energy_wh", "remaining_wh", "promised_wh"):
        value = getattr(demand, name)
        if value is not None:
            _not_negative(f"{path}.{name}", (value,))
    if demand.step_ma <= 0:
        raise BadInputError(f"{path}.step_ma", "must be above zero")
    if not (demand.volts > 0 and math.isfinite(demand.volts)):
        raise BadInputError(f"{path}.volts", "must be above zero")
    if not (demand.weight > 0 and math.isfinite(demand.weight)):
        raise BadInputError(f"{path}.weight", "must be above zero")
    if demand.depart_s is not None and demand.depart_s < demand.arrive_s:
        raise BadInputError(f"{path}.depart_s", "departs before it arrives")


def _unique(path: str, ids: list[str]) -> None:
    if len(set(ids)) != len(ids):
        seen: set[str] = set()
        for at, each in enumerate(ids):
            if each in seen:
                raise BadInputError(f"{path}[{at}].id", f"{each!r} is there twice")
            seen.add(each)


def _finite(path: str, values: Iterable[float]) -> None:
    for value in values:
        if not math.isfinite(value):
            raise BadInputError(path, f"{value} is not a number to plan with")


def _not_negative(path: str, values: Iterable[float]) -> None:
    for value in values:
        if not (value >= 0 and math.isfinite(value)):
            raise BadInputError(path, f"{value} must be a number, zero or more")
