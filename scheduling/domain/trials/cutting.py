"""The effect of a cut on the cars that charge now, told before it is made: the newest rebalance solved again, with less power."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from scheduling import solver
from scheduling.domain.balancing.replay import unpack_problem
from scheduling.models import RebalanceRun

# A cluster in which nothing changes has a run each minute.
FRESH: Final = timedelta(minutes=3)
# Less than this of a car's energy is the grain of the plan's periods.
GRAIN_WH: Final = 100


@dataclass(frozen=True, slots=True)
class CutEffect:
    """Numbers of cars. `late`: of those whose drivers asked for energy by a time, who would get less of it by then."""

    paused: int
    slower: int
    late: int


def foresee_cut(
    run: RebalanceRun | None, *, pct: int, booked: Collection[str], now: datetime
) -> CutEffect | None:
    """What `pct` percent of the grid connection would leave of what is charging now, as long as the cut stands.

    `booked`: ids of connectors whose cars have a slot. None while no fresh run says what is charging. Raises nothing: the solver has solved the
    same problem before, with more power.
    """
    if run is None or run.safe_plan or not run.inputs or now - run.at > FRESH:
        return None
    problem = unpack_problem(bytes(run.inputs))
    today, cut = solver.solve(problem), solver.solve(_with_less(problem, pct))
    paused = slower = late = 0
    for demand in problem.demands:
        before, after = today.allotments[demand.id], cut.allotments[demand.id]
        paused += before.limit_ma > 0 and after.limit_ma == 0
        slower += 0 < after.limit_ma < before.limit_ma
        late += demand.id in booked and after.promise_wh < before.promise_wh - GRAIN_WH
    return CutEffect(paused, slower, late)


def _with_less(problem: solver.Problem, pct: int) -> solver.Problem:
    return replace(problem, circuits=tuple(_cut(circuit, pct) for circuit in problem.circuits))


def _cut(circuit: solver.Circuit, pct: int) -> solver.Circuit:
    if circuit.parent_id is not None or circuit.limit_ma is None:
        return circuit
    l1, l2, l3 = (limit * pct // 100 for limit in circuit.limit_ma)
    return replace(circuit, limit_ma=(l1, l2, l3))
