"""The independent judge: does a set of setpoints break a limit? Shares no code with the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduling.solver.problem import Circuit, Demand, Problem

TOLERANCE = 1e-3  # mA or W: below what any meter shows


@dataclass(frozen=True, slots=True)
class Violation:
    """kind: circuit_phase, circuit_power, phasor, above_max, below_min, off_step, not_here, unknown_demand, negative.

    where: the circuit, phasor limit or demand; amount: by how much (mA, W for circuit_power, seconds for not_here).
    """

    kind: str
    where: str
    phase: int | None
    amount: float


def power_w(demand: Demand, limit_ma: float) -> float:
    """The power that a setpoint lets through, in W; the car's own power limit is a ceiling."""
    asked = limit_ma / 1000 * demand.volts * len(demand.phases)
    return asked if demand.max_w is None else min(asked, demand.max_w)


def violations(problem: Problem, limits_ma: Mapping[str, float]) -> list[Violation]:
    """Every limit that these setpoints (mA per phase, by demand id; a missing id is 0) would break right now.

    A circuit whose base load and reservations alone exceed its limit is not the scheduler's fault, but nothing
    may then be given below it.
    """
    demands = {demand.id: demand for demand in problem.demands}
    found = [
        Violation("unknown_demand", key, None, value)
        for key, value in limits_ma.items()
        if key not in demands
    ]
    given = [
        (demands[key], value) for key, value in sorted(limits_ma.items()) if key in demands and value != 0
    ]
    for demand, limit_ma in given:
        found += _of_demand(problem, demand, limit_ma)
    found += _of_circuits(problem, given)
    found += _of_phasors(problem, {demand.id: power_w(demand, value) for demand, value in given})
    return found


def _of_demand(problem: Problem, demand: Demand, limit_ma: float) -> Iterator[Violation]:
    if limit_ma < 0:
        yield Violation("negative", demand.id, None, limit_ma)
    if limit_ma > demand.max_ma + TOLERANCE:
        yield Violation("above_max", demand.id, None, limit_ma - demand.max_ma)
    if demand.arrive_s > 0:
        yield Violation("not_here", demand.id, None, demand.arrive_s)
    if demand.depart_s is not None and demand.depart_s <= 0:
        yield Violation("not_here", demand.id, None, -demand.depart_s)
    if problem.policy.quantise:
        if limit_ma < demand.min_ma:
            yield Violation("below_min", demand.id, None, demand.min_ma - limit_ma)
        if limit_ma % demand.step_ma and limit_ma not in (demand.min_ma, demand.max_ma):
            yield Violation("off_step", demand.id, None, limit_ma % demand.step_ma)


def _paths(problem: Problem) -> dict[str, list[Circuit]]:
    circuits = {circuit.id: circuit for circuit in problem.circuits}
    paths: dict[str, list[Circuit]] = {}
    for circuit in problem.circuits:
        path = [circuit]
        while path[-1].parent_id is not None:
            path.append(circuits[path[-1].parent_id])
        paths[circuit.id] = path
    return paths


def _fixed(
    problem: Problem, paths: dict[str, list[Circuit]]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """The load on each circuit without the cars: mA per phase, W."""
    fixed_ma = {circuit.id: [float(circuit.margin_ma)] * 3 for circuit in problem.circuits}
    fixed_w = {circuit.id: 0.0 for circuit in problem.circuits}
    loads = [
        (
            circuit.id,
            circuit.base_load_ma_series[0] if circuit.base_load_ma_series else circuit.base_load_ma,
            circuit.base_load_w_series[0] if circuit.base_load_w_series else circuit.base_load_w,
        )
        for circuit in problem.circuits
    ]
    loads += [
        (held.circuit_id, held.load_ma, held.load_w)
        for held in problem.reservations
        if held.from_period <= 0 and held.until_period != 0
    ]
    for origin, load_ma, load_w in loads:
        for above in paths[origin]:
            fixed_w[above.id] += load_w
            fixed_ma[above.id] = [mine + more for mine, more in zip(fixed_ma[above.id], load_ma, strict=True)]
    return fixed_ma, fixed_w


def _of_circuits(problem: Problem, given: list[tuple[Demand, float]]) -> Iterator[Violation]:
    paths = _paths(problem)
    fixed_ma, fixed_w = _fixed(problem, paths)
    car_ma = {circuit.id: [0.0] * 3 for circuit in problem.circuits}
    car_w = {circuit.id: 0.0 for circuit in problem.circuits}
    for demand, limit_ma in given:
        drawn_w = power_w(demand, limit_ma)
        for above in paths[demand.circuit_id]:
            car_w[above.id] += drawn_w
            for phase in demand.phases:
                car_ma[above.id][phase] += drawn_w * 1000 / demand.volts / len(demand.phases)
    for circuit in sorted(problem.circuits, key=lambda each: each.id):
        key = circuit.id
        tops_ma = circuit.limit_ma_series[0] if circuit.limit_ma_series else circuit.limit_ma
        top_w = circuit.limit_w_series[0] if circuit.limit_w_series else circuit.limit_w
        for phase, top_ma in enumerate(tops_ma or ()):
            over_ma = car_ma[key][phase] - max(0.0, top_ma - fixed_ma[key][phase])
            if over_ma > TOLERANCE:
                yield Violation("circuit_phase", key, phase, over_ma)
        if top_w is not None and car_w[key] - max(0.0, top_w - fixed_w[key]) > TOLERANCE:
            yield Violation("circuit_power", key, None, car_w[key] - max(0.0, top_w - fixed_w[key]))


def _of_phasors(problem: Problem, drawn_w: Mapping[str, float]) -> Iterator[Violation]:
    for limit in problem.phasors:
        vector = sum(
            complex(re, im) * drawn_w.get(key, 0.0) * 1000 / limit.volts
            for key, re, im in sorted(limit.terms)
        )
        over_ma = abs(vector) - limit.limit_ma
        if over_ma > max(TOLERANCE, limit.limit_ma * 1e-7):
            yield Violation("phasor", limit.id, None, over_ma)
