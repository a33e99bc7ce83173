"""Price, carbon or peak as the second aim: how much all cars together should draw now, when there is slack.

Only the total is decided here, as a soft cap on the root for now; the tick decides which cars get it. Nothing is
deferred unless the plan, expected arrivals included, serves nearly everything: deferring under congestion loses
energy.
"""

from dataclasses import dataclass, replace

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.plans.horizon import Horizon, cut_horizon
from scheduling.solver.plans.ideal import Outlook, widths
from scheduling.solver.plans.keeping import SHORT
from scheduling.solver.plans.limits import Rows, Tree
from scheduling.solver.plans.site import NO_LIMIT, POWER, Site
from scheduling.solver.plans.tree_plan import TreePlan
from scheduling.solver.problem import Aim, Problem

MOST_CLASSES = 24
PEAK_STEPS = 5
PEAK_ROUNDS = 10
OVERLAP_SHARE = 0.85  # of a circuit's total that phases in unequal use can be counted on for
# Of the cars' intake: deferred energy must still fit when more cars come, and rounding to steps takes some.
CAR_SHARE, CAR_SHARE_STEPS = 0.99, 0.95
AHEAD = 1.1  # energy to leave room for where nobody forecasts arrivals
GRAIN_W = 1.0
SWEEPS = 1
FINE_PERIODS, COARSE = 8, 4
CHEAPER, LIKE_NOW = -1, 0
WORTH = 0.1  # of a minimum
MOST_SHORT = 0.05  # of the energy: beyond it this is congestion, and nothing is deferred


@dataclass(frozen=True, slots=True)
class SoftCap:
    """root: the circuit to cap, power_w: the most for now, later_s: when this may change."""

    root: int
    power_w: float
    later_s: int | None


def soft_cap(problem: Problem, site: Site, limits: Tree | Rows, outlook: Outlook) -> SoftCap | None:
    """The most the cars should draw now, None where the aim has nothing to say."""
    roots = np.nonzero(site.parent < 0)[0]
    if problem.policy.aim is Aim.NONE or roots.size != 1 or not site.need_w.any():
        return None
    if float(outlook.planned_w.sum()) < float(site.need_w.sum()) * (1 - MOST_SHORT):
        return None
    steps = problem.policy.quantise
    # Rounding down leaves up to a step of a limit unused.
    lost_w = (
        max(each.step_ma * ratio for each, ratio in zip(site.demands, site.watts_per_ma, strict=True)) * steps
    )
    site, tree = _coarse(site), _totals(site, limits)
    tree = replace(tree, cap=np.where(tree.cap < NO_LIMIT, np.maximum(0.0, tree.cap - lost_w), NO_LIMIT))
    if problem.policy.aim is Aim.PEAK:
        return _peak_cap(problem, replace(site, need_w=outlook.planned_w), tree, lost_w)
    series = problem.price if problem.policy.aim is Aim.PRICE else problem.carbon
    if not series:
        return None
    share = CAR_SHARE_STEPS if steps else CAR_SHARE
    careful = replace(site, top_w=site.top_w * share, need_w=outlook.planned_w)
    price = _held(series, site.n_periods)
    careful, gone_w = _leave_gone(careful, price, site.top_w)
    careful, hurry_w = _leave_hurried(careful, tree, site.top_w)
    cap = _price_cap(problem, careful, tree, price)
    if cap is None:
        return None
    power_w = cap.power_w + hurry_w + gone_w
    least_w = (
        min(each.min_ma * ratio for each, ratio in zip(site.demands, site.watts_per_ma, strict=True)) * steps
    )
    # Below one car's minimum nothing would flow, and what had to flow now would be lost.
    return replace(cap, power_w=max(power_w, least_w) if power_w > WORTH * least_w else power_w)


def _coarse(site: Site) -> Site:
    """Later departures on the hour before: a total for now needs no quarter of the night, and each one costs a tick's time."""
    late = site.end > FINE_PERIODS
    end = np.where(late, np.maximum(site.begin + 1, site.end // COARSE * COARSE), site.end)
    return replace(site, end=end, tail=np.where(end < site.end, 1.0, site.tail))


def _leave_gone(site: Site, price: Floats, top_w: Floats) -> tuple[Site, float]:
    """The site without the cars that are gone before anything is cheaper than now, and their power: they gain nothing by waiting."""
    cheaper = np.nonzero(_levels(price) == CHEAPER)[0]
    first = int(cheaper[0]) if cheaper.size else price.size
    gone = (site.begin == 0) & (site.end <= first) & (site.need_w > 0)
    return replace(site, need_w=np.where(gone, 0.0, site.need_w)), float(top_w[gone].sum())


def _leave_hurried(site: Site, tree: Tree, top_w: Floats) -> tuple[Site, float]:
    """The part of the needs that has room to be moved, and the power now of the cars that have none."""
    plan = TreePlan(tree, _horizon(site, tree, np.zeros(site.n_periods)), site.need_w, widths(site))
    for _ in range(SWEEPS):
        plan.sweep()
    plan.finish()
    left = np.asarray(plan.deficit)
    hurried = (left > SHORT * site.need_w) & (left > GRAIN_W) & (site.begin == 0)
    now = slice(0, int(plan.horizon.start[1]))
    power = np.bincount(plan.horizon.item_car[now], weights=np.asarray(plan.power)[now], minlength=top_w.size)
    extra = np.minimum(top_w - np.minimum(power, top_w), left)[hurried]
    return replace(site, need_w=site.need_w - left), float(extra.sum())


def _totals(site: Site, limits: Tree | Rows) -> Tree:
    """Limits on totals only; where phases overlap, a cautious share of what the phases sum to."""
    if isinstance(limits, Tree):
        return limits
    volts = float(np.median([each.volts for each in site.demands]))
    room = site.room[:, :POWER]
    by_phase = np.where((room < NO_LIMIT).all(axis=1), room.sum(axis=1) * volts / 1000, NO_LIMIT)
    cap = np.minimum(site.room[:, POWER], by_phase)
    return Tree(
        site.parent, site.node_end, site.node_of, np.where(cap < NO_LIMIT, cap * OVERLAP_SHARE, NO_LIMIT)
    )


def _held(series: tuple[float, ...], n_periods: int) -> Floats:
    values = np.array(series[:n_periods], dtype=float)
    return np.concatenate([values, np.repeat(values[-1:], n_periods - values.size)])


def _horizon(site: Site, tree: Tree, series: Floats) -> Horizon:
    changes = np.zeros(site.n_periods, dtype=bool)
    changes[1:] = (tree.cap[:, 1:] != tree.cap[:, :-1]).any(axis=0) | (series[1:] != series[:-1])
    return cut_horizon(site.begin, site.end, site.tail, site.top_w, changes)


def _price_cap(problem: Problem, site: Site, tree: Tree, price: Floats) -> SoftCap | None:
    """The total now of a cheapest plan: what flows in the price of now, once cheaper periods are filled as far as a maximum flow
    goes.

    Maximum flows over more and more periods are nested, so of all cheaper prices only the sum matters.
    """
    level = _levels(price)
    if not (level == CHEAPER).any():
        return None  # nothing is cheaper than now
    horizon = _horizon(site, tree, level)
    kind = level[horizon.cut[:-1]]
    plan = TreePlan(tree, horizon, site.need_w, widths(site))
    open_cap = np.array(plan.cap).reshape(horizon.n_blocks, plan.n_nodes)
    for most in (CHEAPER, LIKE_NOW):
        _set_root_caps(plan, tree, np.where((kind <= most)[:, None], open_cap, 0.0))
        plan.finish()
    power = (
        np.bincount(horizon.block_of, weights=np.asarray(plan.power), minlength=horizon.n_blocks)
        / horizon.span
    )
    cheaper = np.nonzero(price < price[0])[0]
    later_s = int(cheaper[0]) * problem.period_s if cheaper.size else None
    return SoftCap(0, float(power[0]) + GRAIN_W, later_s)


def _levels(price: Floats) -> Floats:
    """Each period as cheaper than now, like it, or dearer. Of many prices a band around now's counts as its like."""
    edges = np.unique(price)
    if edges.size > MOST_CLASSES:
        edges = np.unique(np.quantile(price, np.linspace(0, 1, MOST_CLASSES)))
    kind = np.searchsorted(edges, price)
    levels: Floats = np.sign(kind - kind[0]).astype(float)
    return levels


def _set_root_caps(plan: TreePlan, tree: Tree, caps: Floats) -> None:
    for node in np.nonzero(tree.parent < 0)[0]:
        for block in range(caps.shape[0]):
            plan.cap[block * plan.n_nodes + node] = caps[block, node]


def _peak_cap(problem: Problem, site: Site, tree: Tree, lost_w: float) -> SoftCap | None:
    """The lowest level of the root's whole load that still serves everybody, the peak so far being free."""
    roots: Ints = np.nonzero(tree.parent < 0)[0]
    if roots.size != 1:
        return None
    load = site.load_w[0]
    horizon = _horizon(site, tree, load)
    base = load[horizon.cut[:-1]]
    most = float((load + np.minimum(site.room[0, POWER], site.top_w.sum())).max())

    def reached(level: float, need: Floats) -> Floats:
        plan = TreePlan(tree, horizon, need, widths(site))
        caps = np.array(plan.cap).reshape(horizon.n_blocks, plan.n_nodes)
        caps[:, 0] = np.minimum(caps[:, 0], np.maximum(0.0, (level - base - lost_w) * horizon.span))
        _set_root_caps(plan, tree, caps)
        plan.sweep()
        # A flow that is not yet the largest looks like less room: the level comes out higher, and nobody goes short.
        plan.finish(PEAK_ROUNDS)
        return np.asarray(plan.deficit)

    def serves(level: float) -> bool:
        return float(reached(level, need).sum()) <= SHORT * float(need.sum())

    need = site.need_w

    share = 1.0 if problem.expected else AHEAD
    ahead = np.minimum(need * share, _most_energy(site))
    need = ahead - reached(most, ahead)
    low = max(problem.peak_w, float(load[0]), _enough_level(site, load, need) + lost_w)
    if not serves(low):
        high = most
        for _ in range(PEAK_STEPS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if serves(middle) else (middle, high)
        low = high
    return SoftCap(0, max(0.0, low - float(load[0])), None)


def _enough_level(site: Site, load: Floats, need: Floats) -> float:
    """The level that is enough for all cars together, were none of them bound by its own or a circuit's power.

    Until each departure n periods ahead: n x level - the load in them = what is due by then.
    """
    due = np.bincount(np.minimum(site.end, load.size), weights=need, minlength=load.size + 1)[1:]
    until = np.cumsum(due) + np.cumsum(load)
    return float((until / np.arange(1, load.size + 1)).max(initial=0.0))


def _most_energy(site: Site) -> Floats:
    most: Floats = site.top_w * (site.end - site.begin - 1 + site.tail)
    return most
