"""Start a tick from the last one's plan, on phases and phasors: most of a site stays as it was.

On trees it does not pay: a fresh plan of a thousand cars takes less time than carrying the old one over.
"""

import numpy as np

from scheduling.solver.arrays import Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.plans.horizon import Horizon
from scheduling.solver.plans.limits import Rows
from scheduling.solver.plans.row_plan import RowPlan
from scheduling.solver.plans.site import Site
from scheduling.solver.problem import Problem
from scheduling.solver.solution import Carry


def carry_of(problem: Problem, site: Site, planner: RowPlan, limits: Rows) -> Carry:
    """What the next tick may start from."""
    horizon = planner.horizon
    per_period = np.zeros((len(site.demands), horizon.n_blocks))
    per_period[horizon.item_car, horizon.block_of] = (
        np.asarray(planner.power) / horizon.span[horizon.block_of]
    )
    spread = np.repeat(per_period, horizon.span.astype(np.int64), axis=1)
    total = np.concatenate([np.zeros((len(site.demands), 1)), np.cumsum(spread, axis=1)], axis=1)
    index = {demand.id: at for at, demand in enumerate(site.demands)}
    prices = np.asarray(planner.prices).reshape(horizon.n_blocks, -1)
    by_period = np.repeat(prices, horizon.span.astype(np.int64), axis=0)
    return Carry(problem.at_s, problem.period_s, index, total, limits.keys, by_period)


def start_from(carry: Carry, problem: Problem, site: Site, planner: RowPlan, limits: Rows) -> bool:
    """Give the planner the last plan, moved to now and cut to what each car still wants; False where it does not fit."""
    moved, odd = divmod(problem.at_s - carry.at_s, problem.period_s)
    if carry.period_s != problem.period_s or moved < 0 or odd:
        return False
    horizon = planner.horizon
    last = carry.total_w.shape[1] - 1
    was = np.array([carry.index.get(demand.id, -1) for demand in site.demands], dtype=np.int64)
    rows = was[horizon.item_car]
    begin, end = _edges(horizon, moved, last)
    power = np.where(rows >= 0, carry.total_w[rows, end] - carry.total_w[rows, begin], 0.0)
    power = np.minimum(power, horizon.top)
    given = np.bincount(horizon.item_car, weights=power, minlength=site.need_w.size)
    keep = np.minimum(1.0, site.need_w / np.maximum(given, 1e-12))
    planner.power = kernel_array(power * keep[horizon.item_car])
    planner.deficit = kernel_array(np.maximum(0.0, site.need_w - given * keep))
    prices = carry.prices
    if (
        isinstance(planner, RowPlan)
        and isinstance(limits, Rows)
        and prices is not None
        and limits.keys == carry.rows
    ):
        at = np.minimum(horizon.cut[:-1] + moved, prices.shape[0] - 1)
        planner.prices = kernel_array(prices[at].reshape(-1))
    return True


def _edges(horizon: Horizon, moved: int, last: int) -> tuple[Ints, Ints]:
    """Where each item's block lay in the last plan's periods."""
    begin = np.minimum(horizon.cut[horizon.block_of] + moved, last)
    end = np.minimum(horizon.cut[horizon.block_of + 1] + moved, last)
    return begin, end
