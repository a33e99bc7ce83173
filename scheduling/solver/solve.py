"""The engine's door."""

from collections.abc import Sequence

import numpy as np

from scheduling.solver.errors import BadInputError
from scheduling.solver.feasible import power_w
from scheduling.solver.problem import Circuit, Demand, Problem
from scheduling.solver.share import Row, fill
from scheduling.solver.solution import Allotment, Certificate, Plan, Reason, ReasonKind, Solution


def solve(problem: Problem, previous: Solution | None = None) -> Solution:
    """Setpoints for now, with reasons. `previous` is the last tick's answer, if any; it only makes this one faster.

    Raises BadInputError with the path of the field at fault.
    """
    demands = sorted(problem.demands, key=lambda each: each.id)
    rows = _rows(problem, demands)
    admitted = _admit(rows, demands)
    limits, stopped = _shares(rows, demands, admitted)
    allotments = {
        demand.id: _allotment(demand, limits[at], stopped[at], admitted, at)
        for at, demand in enumerate(demands)
    }
    total = sum(each.power_w for each in allotments.values())
    plan = Plan(
        tuple(each.id for each in demands),
        np.array([[each.power_w] for each in allotments.values()]),
        problem.period_s,
    )
    energy = total * problem.period_s / 3600
    return Solution(allotments, plan, Certificate(energy, energy, 0.0, 0.0, exact=False))


def _rows(problem: Problem, demands: Sequence[Demand]) -> list[Row]:
    circuits = {circuit.id: circuit for circuit in problem.circuits}
    below: dict[str, list[int]] = {key: [] for key in circuits}
    fixed_ma = {key: [float(circuit.margin_ma)] * 3 for key, circuit in circuits.items()}
    fixed_w = dict.fromkeys(circuits, 0.0)
    for at, demand in enumerate(demands):
        if demand.circuit_id not in circuits:
            raise BadInputError(f"demands[{demand.id}].circuit_id", f"no circuit {demand.circuit_id!r}")
        for key in _up(circuits, demand.circuit_id):
            below[key].append(at)
    loads = [(each.id, each.base_load_ma, each.base_load_w) for each in problem.circuits]
    loads += [
        (each.circuit_id, each.load_ma, each.load_w) for each in problem.reservations if each.from_period == 0
    ]
    for origin, load_ma, load_w in loads:
        for key in _up(circuits, origin):
            fixed_w[key] += load_w
            for phase in range(3):
                fixed_ma[key][phase] += load_ma[phase]
    rows = []
    for key, circuit in sorted(circuits.items()):
        for phase in range(3):
            terms = tuple((at, 1.0) for at in below[key] if phase in demands[at].phases)
            if circuit.limit_ma is not None:
                rows.append(Row(key, phase, circuit.limit_ma[phase] - fixed_ma[key][phase], terms))
        if circuit.limit_w is not None:
            watts = tuple((at, demands[at].volts * len(demands[at].phases) / 1000) for at in below[key])
            rows.append(Row(key, None, circuit.limit_w - fixed_w[key], watts))
    return rows


def _up(circuits: dict[str, Circuit], start: str) -> list[str]:
    path: list[str] = []
    at: str | None = start
    while at is not None:
        if at in path:
            raise BadInputError(f"circuits[{at}].parent_id", "the tree has a cycle")
        if at not in circuits:
            raise BadInputError(f"circuits[{path[-1]}].parent_id", f"no circuit {at!r}")
        path.append(at)
        at = circuits[at].parent_id
    return path


def _ceiling_ma(demand: Demand) -> float:
    if demand.arrive_s > 0 or (demand.remaining_wh is not None and demand.remaining_wh <= 0):
        return 0.0
    if demand.depart_s is not None and demand.depart_s <= 0:
        return 0.0
    by_power = (
        demand.max_ma if demand.max_w is None else demand.max_w * 1000 / demand.volts / len(demand.phases)
    )
    top = min(demand.max_ma, by_power)
    return top if top >= demand.min_ma else 0.0


def _admit(rows: Sequence[Row], demands: Sequence[Demand]) -> list[bool]:
    """Whose minimum fits: emergencies, priority, those within their turn, then who waited longest."""
    left = [max(0.0, row.cap) for row in rows]
    terms: list[list[tuple[int, float]]] = [[] for _ in demands]
    for number, row in enumerate(rows):
        for at, rate in row.terms:
            terms[at].append((number, rate))
    admitted = [False] * len(demands)

    def turn(at: int) -> tuple[float, ...]:
        demand = demands[at]
        running = demand.current_ma > 0
        in_turn = running and demand.since_s < 900
        waited = 0.0 if running else demand.since_s * demand.weight
        return (-demand.emergency_min_ma, -demand.priority, not in_turn, -waited, at)

    for at in sorted(range(len(demands)), key=turn):
        demand = demands[at]
        floor = max(demand.min_ma, demand.emergency_min_ma)
        if _ceiling_ma(demand) <= 0:
            continue
        if all(left[number] + 1e-6 >= rate * floor for number, rate in terms[at]):
            admitted[at] = True
            for number, rate in terms[at]:
                left[number] -= rate * floor
    return admitted


def _shares(
    rows: Sequence[Row], demands: Sequence[Demand], admitted: Sequence[bool]
) -> tuple[list[int], list[Row | None]]:
    floors = [max(d.min_ma, d.emergency_min_ma) if admitted[at] else 0 for at, d in enumerate(demands)]
    # Everybody admitted has the minimum for certain; whoever's fair share is above it gets the fair share.
    fixed = [0.0] * len(demands)
    while True:
        spare = [
            Row(
                row.circuit_id,
                row.phase,
                row.cap - sum(rate * fixed[at] for at, rate in row.terms),
                row.terms,
            )
            for row in rows
        ]
        tops = [_ceiling_ma(d) if admitted[at] and not fixed[at] else 0.0 for at, d in enumerate(demands)]
        value, stopped = fill(spare, tops, [d.weight for d in demands])
        low = [at for at in range(len(demands)) if tops[at] > 0 and value[at] < floors[at]]
        if not low:
            break
        for at in low:
            fixed[at] = floors[at]
    limits = []
    for at, demand in enumerate(demands):
        exact = fixed[at] or value[at]
        limits.append(int(exact + 1e-6) // demand.step_ma * demand.step_ma if admitted[at] else 0)
    return limits, stopped


def _allotment(
    demand: Demand, limit_ma: int, row: Row | None, admitted: Sequence[bool], at: int
) -> Allotment:
    if demand.remaining_wh is not None and demand.remaining_wh <= 0:
        reason = Reason(ReasonKind.FULL)
    elif demand.arrive_s > 0:
        reason = Reason(ReasonKind.NOT_HERE)
    elif not admitted[at]:
        reason = Reason(ReasonKind.WAITING_TURN, demand.circuit_id)
    elif demand.emergency_min_ma:
        reason = Reason(ReasonKind.EMERGENCY)
    elif row is None:
        reason = Reason(ReasonKind.CAR_MAX)
    else:
        reason = Reason(
            ReasonKind.CIRCUIT_FULL, row.circuit_id, row.phase, sum(admitted[i] for i, _ in row.terms)
        )
    return Allotment(demand.id, limit_ma, power_w(demand, limit_ma), reason)
