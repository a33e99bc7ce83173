"""What each car should get now, from the whole-horizon plan: the heart of a tick.

The plan (backward rounds, so that what can wait does) says how much energy each car ends with and what of it cannot
wait. Now gets that urgent part; the rest of the capacity is filled by least laxity, first up to the targets, then up to
what the cars want: front-loading costs nothing and protects against who leaves early and who arrives late.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats
from scheduling.solver.kernels.compiled import HAVE_COMPILER
from scheduling.solver.plans.carry import start_from
from scheduling.solver.plans.claims import Wish
from scheduling.solver.plans.fill import fill_tree
from scheduling.solver.plans.horizon import Horizon, cut_horizon
from scheduling.solver.plans.keeping import SHORT, Keeper, careful_promises
from scheduling.solver.plans.limits import Rows, Tree
from scheduling.solver.plans.row_plan import RowPlan
from scheduling.solver.plans.site import Site
from scheduling.solver.plans.tree_plan import TreePlan, caps_of
from scheduling.solver.problem import Policy, Problem, ShortageRule
from scheduling.solver.solution import Carry

ABOVE_ALL = 1e3  # how much more a priority class weighs than the one below
# Where phases overlap: by how much of the bend a weight is raised, how far it goes, and how far a class stays above the heaviest.
PULL, MOST_PULLED, CLASS_ABOVE_WEIGHTS = 0.5, 300.0, 10.0
PROMISED_CLASS, EMERGENCY_CLASS = 3, 4  # priorities are 0 to 2
LAXITY_SCALE_S = 4 * 3600
SETTLED = 1e-7
SMALL_SITE = 500
LARGE_SITE = 3_000
HAIR = 1e-6
FINE = 0.1 * SHORT  # of the mean need: what a car may lack where only a total counts
CAREFUL = 0.5  # of a car's power: more is not counted on for a promise
ORDERED_GROUPS = 64
ROUNDS_ROWS = 4
ROUNDS_WARM = 2
# How often a tree's plan is swept on because cars were found short of their promise, and for how many rounds.
MOST_HELD, ROUNDS_HELD = 3, 3


@dataclass(frozen=True, slots=True)
class Outlook:
    """The plan: planner with energies per item, the planned energy of each car at its end, and the most of any plan.

    is_held: cars that are planned just their promise; without it they would get less.
    """

    limits: Tree | Rows
    planner: TreePlan | RowPlan
    horizon: Horizon
    planned_w: Floats
    feasible_w: float
    exact: bool
    is_held: np.ndarray


def look_ahead(
    problem: Problem, site: Site, limits: Tree | Rows, *, last: Carry | None = None, thorough: bool = False
) -> Outlook:
    """Plan until the last departure. `thorough`: until nothing moves any more, for audits and offline optima."""
    changes = np.zeros(site.n_periods, dtype=bool)
    changes[1:] = (limits.cap[:, 1:] != limits.cap[:, :-1]).any(axis=0)
    horizon = cut_horizon(site.begin, site.end, site.tail, site.top_w, changes)
    if isinstance(limits, Rows):
        return _row_outlook(problem, site, limits, horizon, last, thorough=thorough)
    return _tree_outlook(site, limits, horizon, problem.policy, thorough=thorough)


def _tree_outlook(site: Site, tree: Tree, horizon: Horizon, policy: Policy, *, thorough: bool) -> Outlook:
    plan = TreePlan(tree, horizon, caps_of(tree.cap, horizon), site.need_w, widths(site))
    n_cars = site.need_w.size
    keeper = Keeper(plan, site, promised_widths(site))
    if policy.rule in (ShortageRule.SERVE, ShortageRule.FIRST_COME):
        _serve_in_order(plan, np.argsort(turns(site, policy), kind="stable"), site.promised_w)
        is_held = (site.promised_w > 0) & (
            plan.need - np.asarray(plan.deficit) <= site.promised_w * (1 + SHORT)
        )
    else:
        first, more = (400, 400) if thorough else (_rounds_for(n_cars), ROUNDS_HELD)
        _settle(plan, site, keeper, (first, more), thorough=thorough)
        is_held = keeper.is_held
        if n_cars > SMALL_SITE and not thorough:
            planned = site.need_w - np.asarray(plan.deficit)
            feasible_w = max(plan.quick_bound(), float(planned.sum()))
            return Outlook(tree, plan, horizon, planned, feasible_w, exact=False, is_held=is_held)
        plan.finish()
    planned = site.need_w - np.asarray(plan.deficit)
    feasible_w = max(plan.bound(), float(planned.sum()))
    return Outlook(tree, plan, horizon, planned, feasible_w, exact=True, is_held=is_held)


def _settle(plan: TreePlan, site: Site, keeper: Keeper, rounds: tuple[int, int], *, thorough: bool) -> None:
    """Sweep so many rounds at most, and the second number more each time that cars turn out to be short of a promise."""
    most = rounds[0]
    for _ in range(1 + MOST_HELD):
        _sweep(plan, site, [not (thorough and number % 2 == 1) for number in range(most)])
        if not keeper.hold():
            break
        most = rounds[1]
    keeper.let_go(site.need_w)


def _sweep(plan: TreePlan | RowPlan, site: Site, backward: Sequence[bool]) -> None:
    """A round in each of these directions, until nothing moves any more."""
    still = SETTLED * float(site.top_w.max(initial=1.0))
    for each in backward:
        if plan.sweep(backward=each) <= still:
            break


def _rounds_for(n_cars: int) -> int:
    if not HAVE_COMPILER:
        return 3
    return 8 if n_cars <= SMALL_SITE else 4 if n_cars <= LARGE_SITE else 3


def augment(plan: TreePlan, *, rounds: int, opened: int | None = None) -> None:
    """Towards the largest flow of the first blocks, for a total and not for a car: exact enough, and at large sites not for long.

    There sweeps do most of it in less time, and one search tells the cut.
    """
    most = rounds if plan.need.size <= SMALL_SITE else 1
    plan.finish(most, opened=opened, grain=FINE * float(plan.need.mean()))


def _serve_in_order(plan: TreePlan, order: np.ndarray, promised_w: Floats) -> None:
    """Promises first, then everybody in turn gets all that the earlier ones leave; the total stays the most possible
    (Megiddo 1974).
    """
    need = plan.need
    left = need.copy()
    if promised_w.any():
        for car in range(need.size):
            plan.deficit[car] = promised_w[car]
        plan.finish()
        left -= promised_w - np.asarray(plan.deficit)
    for group in np.array_split(order, min(ORDERED_GROUPS, max(1, order.size))):
        for car in range(need.size):
            plan.deficit[car] = 0.0
        for car in group:
            plan.deficit[car] = left[car]
        plan.finish()
        for car in group:
            left[car] = plan.deficit[car]
    for car in range(need.size):
        plan.deficit[car] = left[car]
    plan.finish()


def turns(site: Site, policy: Policy) -> Floats:
    """Who comes first under `serve` (least missing energy) and `first-come` (longest there); smaller is earlier."""
    claim = -site.claim * 1e15
    if policy.rule is ShortageRule.SERVE:
        hopeless = site.need_w > site.top_w * (site.end - site.begin)
        fewest: Floats = claim + site.need_w + 1e12 * hopeless
        return fewest
    connected = np.array([float(each.connected_s - each.arrive_s) for each in site.demands])
    longest: Floats = claim - connected
    return longest


def widths(site: Site) -> Floats:
    """How much a car yields per unit of level: its whole wish, less for high priority, ledger credit and emergencies."""
    width: Floats = site.ask_w / (site.weight * ABOVE_ALL ** _classes(site))
    return width


def promised_widths(site: Site) -> Floats:
    """The same for a car that is short of its promise."""
    width: Floats = site.ask_w / (site.weight * ABOVE_ALL**PROMISED_CLASS)
    return width


def row_widths(site: Site, policy: Policy) -> tuple[Floats, Floats]:
    """Both where phases overlap. There a car that is short by the share s values energy at ``s ** (1 / efficiency)``, nearly alike
    for all shares, so that a weight as it is would move nothing from who loads an idle phase too to who has only the crowded one.
    """
    pull = max(1.0, PULL * policy.efficiency)
    weight = np.clip(site.weight**pull, 1 / MOST_PULLED, MOST_PULLED)
    spread = float(weight.max(initial=1 / MOST_PULLED) / weight.min(initial=MOST_PULLED))
    above_all = max(ABOVE_ALL, CLASS_ABOVE_WEIGHTS * spread)
    width: Floats = site.ask_w / (weight * above_all ** _classes(site))
    promised: Floats = site.ask_w / (weight * above_all**PROMISED_CLASS)
    return width, promised


def _classes(site: Site) -> Floats:
    above: Floats = np.where(site.emergency_ma > 0, EMERGENCY_CLASS, np.clip(site.priority, 1, 3) - 1.0)
    return above


def _row_outlook(
    problem: Problem, site: Site, rows: Rows, horizon: Horizon, last: Carry | None, *, thorough: bool
) -> Outlook:
    policy = problem.policy
    width, promised_width = row_widths(site, policy)
    if policy.rule in (ShortageRule.SERVE, ShortageRule.FIRST_COME):
        rank = np.argsort(np.argsort(turns(site, policy), kind="stable"), kind="stable")
        width = width * np.exp(8.0 * (rank / max(1, rank.size) - 1))
    promises = (careful_promises(site), promised_width) if site.promised_w.any() else None
    plan = RowPlan(rows, horizon, site.need_w, width, policy.efficiency, promised=promises)
    most = 200 if thorough else ROUNDS_ROWS if HAVE_COMPILER else 2
    if last is not None and start_from(last, problem, site, plan, rows):
        most = min(most, ROUNDS_WARM)
    # An even number of rounds ends forward.
    _sweep(plan, site, [not (number % 2 == 1 and number == most - 1) for number in range(most)])
    planned = site.need_w - np.asarray(plan.deficit)
    return Outlook(
        rows, plan, horizon, planned, float(site.need_w.sum()), exact=False, is_held=plan.held_up()
    )


def wish_now(site: Site, limits: Tree | Rows, policy: Policy, outlook: Outlook, period_s: int) -> Wish:
    """Ideal powers for period 0, feasible under all limits, and the order in which they may be rounded."""
    here = (site.begin == 0) & (site.end > 0)
    most = np.where(here, np.minimum(site.top_w, site.need_w), 0.0)
    urgent = np.zeros(most.size)
    first = slice(0, int(outlook.horizon.start[1]))
    urgent[outlook.horizon.item_car[first]] = np.asarray(outlook.planner.power[first])
    urgent = np.minimum(urgent / outlook.horizon.span[0], most)
    if policy.rule is ShortageRule.EQUAL:
        urgent[~outlook.is_held] = 0.0
    goal = np.minimum(np.maximum(outlook.planned_w, urgent), site.need_w)
    if policy.rule is ShortageRule.EQUAL:
        goal = site.need_w
    laxity = _laxity(site, policy, goal)
    planner = outlook.planner
    if isinstance(limits, Rows) and limits is not outlook.limits:
        planner = RowPlan(
            limits, outlook.horizon, site.need_w, row_widths(site, policy)[0], policy.efficiency
        )
    fill = Filler(site, limits, policy, planner, laxity, period_s)
    ideal = fill(urgent, (np.minimum(most, goal), most))
    tight = float(outlook.planned_w.sum()) < float(site.need_w.sum()) * (1 - SHORT)
    return Wish(
        ideal_w=ideal,
        urgent_w=urgent,
        goal_w=goal,
        need_w=np.where(here, site.need_w, 0.0),
        laxity=laxity,
        due_w=_due_now(site, outlook.is_held, urgent, most),
        tight=tight,
        overlapping=isinstance(limits, Rows),
        fill=fill,
    )


def _due_now(site: Site, is_held: np.ndarray, urgent_w: Floats, most_w: Floats) -> Floats:
    """What of the promises can wait no longer: by the plan, or because `CAREFUL` of a car's power would be too little later."""
    later_w = CAREFUL * site.top_w * np.maximum(site.end - 1.0, 0.0)
    due_w = np.maximum(np.where(is_held, urgent_w, 0.0), site.promised_w - later_w)
    settled: Floats = np.where(due_w > HAIR, np.minimum(due_w, most_w), 0.0)
    return settled


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills period 0 by least laxity on top of what cars have, up to one ceiling after the other."""

    site: Site
    limits: Tree | Rows
    policy: Policy
    planner: TreePlan | RowPlan
    laxity: Floats
    period_s: int

    def __call__(self, have_w: Floats, ceilings_w: Sequence[Floats]) -> Floats:
        given = have_w
        for ceiling in ceilings_w:
            top = np.maximum(ceiling - given, 0.0)
            want, width = _by_laxity(
                self.site, self.policy, self.limits, self.laxity, period_s=self.period_s, top=top
            )
            if isinstance(self.planner, RowPlan):
                given = self.planner.fill_now(given, want, width, top)
            elif isinstance(self.limits, Tree):
                given = fill_tree(self.limits, given, want, width, top)
        return given


def _laxity(site: Site, policy: Policy, goal_w: Floats) -> Floats:
    """Periods a car could stand idle and still reach its goal; under `first-come` the turn stands in for it."""
    if policy.rule is ShortageRule.EQUAL:
        return np.zeros(goal_w.size)
    if policy.rule is ShortageRule.FIRST_COME:
        order = np.argsort(np.argsort(turns(site, policy), kind="stable"), kind="stable")
        return order.astype(float) * 100
    idle: Floats = np.round(site.end - goal_w / np.maximum(site.top_w, 1e-9), 6)  # equal cars stay equal
    return idle


def _by_laxity(
    site: Site, policy: Policy, limits: Tree | Rows, laxity: Floats, *, period_s: int, top: Floats
) -> tuple[Floats, Floats]:
    """Wants and widths for a fill that levels laxity: each draws top power x (level - laxity)."""
    if policy.rule is ShortageRule.EQUAL:
        amps = site.watts_per_ma * site.weight
        return amps * float((site.top_w / amps).max(initial=1.0)) * 1.001, amps
    scale = 1.0 if isinstance(limits, Tree) else max(1.0, LAXITY_SCALE_S / period_s)
    active = top > 0
    highest = float(laxity[active].max(initial=0.0))
    want: Floats = site.top_w * np.maximum(highest + 1.001 * scale - laxity, 1e-3)
    return want, site.top_w * scale
