"""Price, carbon or peak as the second aim: how much all cars together should draw now, when there is slack.

Only the total is decided here, as a soft cap on the root for now; the tick decides which cars get it. Nothing is
deferred unless the plan, expected arrivals included, serves nearly everything: deferring under congestion loses
energy.
"""

from dataclasses import dataclass, replace

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.plans.horizon import stage_horizon
from scheduling.solver.plans.ideal import CAREFUL, SMALL_SITE, Outlook, augment, widths
from scheduling.solver.plans.keeping import SHORT
from scheduling.solver.plans.limits import Rows, Tree
from scheduling.solver.plans.peak import peak_level
from scheduling.solver.plans.site import NO_LIMIT, POWER, Site
from scheduling.solver.plans.tree_plan import TreePlan, summed_caps
from scheduling.solver.problem import Aim, Problem

MOST_CLASSES, ROUNDS = 24, 100
OVERLAP_SHARE = 0.85  # of a circuit's total that phases in unequal use can be counted on for
# Of the cars' intake: deferred energy must still fit when more cars come, and rounding to steps takes some.
CAR_SHARE, CAR_SHARE_STEPS = 0.99, 0.95
GRAIN_W = 1.0
FINE_PERIODS, COARSE = 8, 4
CHEAPER = -1
CHEAP_STAGE, NOW_STAGE, REST_STAGE = 0, 1, 2
WORTH = 0.1  # of a minimum
MOST_SHORT = 0.01  # of any car's energy: beyond it this is congestion, and nothing is deferred


@dataclass(frozen=True, slots=True)
class SoftCap:
    """root: the circuit to cap, power_w: the most for now, later_s: when this may change."""

    root: int
    power_w: float
    later_s: int | None


def floors_w(site: Site, planned_w: Floats) -> Floats:
    """What of the plan can wait no longer, by car: half of its power later would be too little for it."""
    later_w = CAREFUL * site.top_w * np.maximum(site.end - 1.0, 0.0)
    here = (site.begin == 0) & (site.end > 0)
    floors: Floats = np.where(here, np.clip(planned_w - later_w, 0.0, site.top_w), 0.0)
    return floors


def soft_cap(problem: Problem, site: Site, limits: Tree | Rows, outlook: Outlook) -> SoftCap | None:
    """The most the cars should draw now, None where the aim has nothing to say."""
    roots = np.nonzero(site.parent < 0)[0]
    aim = problem.policy.aim
    if aim is Aim.NONE or roots.size != 1 or not site.need_w.any():
        return None
    if _is_congested(site, outlook.planned_w):
        return None
    steps = problem.policy.quantise
    # Rounding down leaves up to a step of a limit unused.
    step_ma = np.array([each.step_ma for each in site.demands], dtype=float)
    lost_w = float((step_ma * site.watts_per_ma).max()) * steps
    tree = _totals(site, limits)
    tree = replace(tree, cap=np.where(tree.cap < NO_LIMIT, np.maximum(0.0, tree.cap - lost_w), NO_LIMIT))
    coarse = replace(_coarse(site), need_w=outlook.planned_w)
    if aim is Aim.PEAK:
        level_w = peak_level(problem, coarse, tree, lost_w)
        cap: SoftCap | None = SoftCap(0, max(0.0, level_w - float(site.load_w[0, 0])), None)
    else:
        series = problem.price if aim is Aim.PRICE else problem.carbon
        cap = _price_cap(problem, coarse, tree, _held(series, site.n_periods)) if series else None
    if cap is None:
        return None
    power_w = max(cap.power_w, float(floors_w(site, outlook.planned_w).sum()))
    most_w = float(np.minimum(site.top_w, site.need_w)[(site.begin == 0) & (site.end > 0)].sum())
    if isinstance(limits, Tree):
        most_w = min(most_w, float(limits.cap[0, 0]))
    # What holds nobody back is no cap: then cars are served as without an aim.
    return replace(cap, power_w=power_w) if power_w < most_w else None


def _is_congested(site: Site, planned_w: Floats) -> bool:
    """Whether somebody goes short of what the car itself could take. At large sites, whose plan is not finished, it is all cars together."""
    possible_w = np.minimum(site.need_w, site.top_w * (site.end - site.begin))
    short_w, most_w = possible_w - planned_w, MOST_SHORT * possible_w
    if site.need_w.size > SMALL_SITE:
        return bool(short_w.sum() > most_w.sum())
    return bool((short_w > most_w + GRAIN_W).any())


def _coarse(site: Site) -> Site:
    """Later arrivals on the hour after and departures on the hour before: a total for now needs no quarter of the night,
    and each one costs a tick's time.
    """
    end = np.where(site.end > FINE_PERIODS, np.maximum(site.begin + 1, site.end // COARSE * COARSE), site.end)
    later = -(-site.begin // COARSE) * COARSE
    begin = np.where((site.begin > FINE_PERIODS) & (later < end), later, site.begin)
    return replace(site, begin=begin, end=end, tail=np.where(end < site.end, 1.0, site.tail))


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


def _levels(price: Floats) -> Floats:
    """Each period as cheaper than now, like it, or dearer. Of many prices a band around now's counts as its like."""
    edges = np.unique(price)
    if edges.size > MOST_CLASSES:
        edges = np.unique(np.quantile(price, np.linspace(0, 1, MOST_CLASSES)))
    kind = np.searchsorted(edges, price)
    levels: Floats = np.sign(kind - kind[0]).astype(float)
    return levels


def _price_cap(problem: Problem, site: Site, tree: Tree, price: Floats) -> SoftCap | None:
    """The total now of a cheapest plan, None where nothing is cheaper than now."""
    level = _levels(price)
    if not (level == CHEAPER).any():
        return None
    steps = problem.policy.quantise
    careful = replace(site, top_w=site.top_w * (CAR_SHARE_STEPS if steps else CAR_SHARE))
    careful, gone_w = _leave_gone(careful, level, site.top_w)
    careful, tight_w = _leave_tight(careful, site.top_w)
    power_w, hurry_w = _cheapest_now(careful, tree, level, site.top_w)
    power_w += hurry_w + gone_w + tight_w
    least_ma = np.array([each.min_ma for each in site.demands], dtype=float)
    least_w = float((least_ma * site.watts_per_ma).min()) * steps
    if power_w > WORTH * least_w:
        # Below one car's minimum nothing would flow, and what had to flow now would be lost.
        power_w = max(power_w, least_w)
    cheaper = np.nonzero(price < price[0])[0]
    return SoftCap(0, power_w, int(cheaper[0]) * problem.period_s if cheaper.size else None)


def _leave_gone(site: Site, level: Floats, top_w: Floats) -> tuple[Site, float]:
    """The site without the cars that are gone before anything is cheaper than now, and their power: they gain nothing by waiting."""
    first = int(np.argmax(level == CHEAPER))
    gone = (site.begin == 0) & (site.end <= first) & (site.need_w > 0)
    return replace(site, need_w=np.where(gone, 0.0, site.need_w)), float(top_w[gone].sum())


def _leave_tight(site: Site, top_w: Floats) -> tuple[Site, float]:
    """The site without the cars on a phase that is needed from now on until some departure, and their power.

    Totals don't see that one phase is full while the others are free. What is due on a phase until each departure is compared with a
    cautious share of its room after now.
    """
    tight = np.zeros(site.need_w.size, dtype=bool)
    due_ma = site.need_w / site.watts_per_ma
    later_ma = np.cumsum(site.room[:, :POWER, 1:], axis=2) * OVERLAP_SHARE
    first = np.searchsorted(site.node_of, np.arange(site.n_nodes))
    last = np.searchsorted(site.node_of, site.node_end)
    for node in range(site.n_nodes):
        below = slice(int(first[node]), int(last[node]))
        end = np.minimum(site.end[below], site.n_periods)
        for phase in range(POWER):
            on_phase = (site.mask[below] >> phase & 1).astype(bool)
            due = np.bincount(end, weights=due_ma[below] * on_phase, minlength=site.n_periods + 1)
            full = np.nonzero(np.cumsum(due)[2:] > later_ma[node, phase])[0]
            if full.size:
                tight[below] |= on_phase & (end <= full[-1] + 2)
    tight &= (site.begin == 0) & (site.need_w > 0)
    return replace(site, need_w=np.where(tight, 0.0, site.need_w)), float(top_w[tight].sum())


def _cheapest_now(site: Site, tree: Tree, level: Floats, top_w: Floats) -> tuple[float, float]:
    """What flows now once cheaper periods are filled as far as a maximum flow goes, and what cars without any slack may take beyond.

    Maximum flows over more and more periods are nested, so of all cheaper prices only the sum matters, and nothing of the
    dearer ones. These only tell which cars have no slack: those that are short even with all periods.
    """
    stage = np.where(level == CHEAPER, CHEAP_STAGE, REST_STAGE)
    stage[0] = NOW_STAGE
    blocks = stage_horizon(site.begin, site.end, site.tail, site.top_w, stage)
    plan = TreePlan(tree, blocks, summed_caps(tree, blocks), site.need_w, widths(site))
    begin = 0
    for end in map(int, blocks.opened[: NOW_STAGE + 1]):
        plan.sweep(blocks=(begin, end))
        augment(plan, rounds=ROUNDS, opened=end)
        begin = end
    now = slice(int(blocks.start[begin - 1]), int(blocks.start[begin]))
    power = np.bincount(blocks.item_car[now], weights=np.asarray(plan.power[now]), minlength=top_w.size)
    power_w = float(power.sum()) + GRAIN_W
    if max(plan.deficit) > GRAIN_W and begin < blocks.n_blocks:
        plan.sweep(blocks=(begin, blocks.n_blocks))
        if max(plan.deficit) > GRAIN_W:
            augment(plan, rounds=ROUNDS)
    left = np.asarray(plan.deficit)
    hurried = (left > SHORT * site.need_w) & (left > GRAIN_W) & (site.begin == 0)
    extra = np.minimum(top_w - np.minimum(power, top_w), left)[hurried]
    return power_w, float(extra.sum())
