"""The lowest level of a site's whole load that still serves everybody."""

import math
from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.plans.horizon import Stages, stage_horizon
from scheduling.solver.plans.ideal import augment, widths
from scheduling.solver.plans.keeping import SHORT
from scheduling.solver.plans.limits import Tree
from scheduling.solver.plans.site import NO_LIMIT, Site
from scheduling.solver.plans.tree_plan import TreePlan, summed_caps
from scheduling.solver.problem import Problem

AHEAD = 1.1  # energy to leave room for where nobody forecasts arrivals
# Of the energy: a level is good enough where no more is missing, and looked for where less would be.
MOST_SHORT, AIMED_SHORT = 5 * SHORT, 0.5 * SHORT
STEPS, ROUNDS = 6, 10
SLOW = 0.7  # a step that leaves more of what was short brings nothing soon
# Of the energy: where more can't be served even without a level, every watt is needed.
CONGESTED = 0.02
HALVINGS = 50


@dataclass(frozen=True, slots=True)
class _Root:
    """What the root can carry in each period without a level, and the load beside the cars."""

    blocks: Stages
    own_w: Floats
    load_w: Floats
    lost_w: float

    @property
    def highest_w(self) -> float:
        """The level that holds nobody back."""
        return float((self.load_w + self.own_w).max()) + self.lost_w

    def caps(self, level_w: float) -> Floats:
        """By block, in W x periods."""
        carried = np.minimum(self.own_w, np.maximum(0.0, level_w - self.lost_w - self.load_w))
        caps = np.bincount(self.blocks.block_at, carried, self.blocks.n_blocks)
        return caps.astype(float)

    def level_for(self, inside: Floats, passed: float, low_w: float) -> float:
        """The lowest level from low_w on at which min(inside, caps) adds up to `passed`."""
        high_w = self.highest_w
        for _ in range(HALVINGS):
            middle_w = 0.5 * (low_w + high_w)
            if float(np.minimum(inside, self.caps(middle_w)).sum()) < passed:
                low_w = middle_w
            else:
                high_w = middle_w
        return high_w


def peak_level(problem: Problem, site: Site, tree: Tree, lost_w: float) -> float:
    """In W, the peak so far being free. `lost_w`: what rounding to steps leaves unused of a limit.

    A plan at a level that is too low has a cut: cars whose energy can't all pass the level and the limits around them. The level
    at which that cut would let enough pass is not above the lowest one, so the plan goes on from there: Newton's method for a
    parametric flow. A plan at a lower level keeps to a higher one too, so nothing is planned twice.
    """
    tree = _rooted(tree)
    everywhere: Ints = np.zeros(site.n_periods, dtype=np.int64)
    blocks = stage_horizon(site.begin, site.end, site.tail, site.top_w, everywhere)
    caps = summed_caps(tree, blocks)
    load_w = site.load_w[0]
    present_w = np.bincount(blocks.block_of, blocks.top, blocks.n_blocks) / blocks.span
    root = _Root(blocks, np.minimum(tree.cap[0], present_w[blocks.block_at]), load_w, lost_w)
    wanted = _wanted(problem, site, blocks)
    need = _servable(site, tree, blocks, caps, wanted)
    if float(need.sum()) < float(wanted.sum()) * (1 - CONGESTED):
        return root.highest_w
    level_w = max(problem.peak_w, float(load_w[0]), _enough_level(site, load_w, need) + lost_w)
    caps[0] = root.caps(level_w)
    plan = TreePlan(tree, blocks, caps, need, widths(site))
    plan.sweep()
    total, short = float(need.sum()), math.inf
    for _ in range(STEPS):
        augment(plan, rounds=ROUNDS)
        was, short = short, total - plan.planned()
        if level_w >= root.highest_w or short <= total * MOST_SHORT:
            return level_w
        if short > was * SLOW:
            break
        outside, inside = plan.cut_below_root()
        level_w = root.level_for(inside, total * (1 - AIMED_SHORT) - outside, level_w)
        plan.open_root(root.caps(level_w))
        plan.sweep()
    # A flow that is not yet the largest looks like less room: the level comes out higher, and nobody goes short.
    return root.highest_w


def _rooted(tree: Tree) -> Tree:
    """The same under one root, where phases are trees of their own."""
    if int((tree.parent < 0).sum()) == 1:
        return tree
    parent = np.concatenate([[-1], tree.parent + 1])
    above = np.full((1, tree.cap.shape[1]), NO_LIMIT)
    return Tree(
        parent,
        np.concatenate([[parent.size], tree.node_end + 1]),
        tree.node_of + 1,
        np.concatenate([above, tree.cap]),
    )


def _wanted(problem: Problem, site: Site, blocks: Stages) -> Floats:
    """The needs, and some more where nobody forecasts arrivals."""
    share = 1.0 if problem.expected else AHEAD
    most = np.bincount(blocks.item_car, blocks.top, site.need_w.size)
    wanted: Floats = np.minimum(site.need_w * share, most)
    return wanted


def _servable(site: Site, tree: Tree, blocks: Stages, caps: Floats, wanted: Floats) -> Floats:
    """What of it can be served without any level."""
    plan = TreePlan(tree, blocks, caps, wanted, widths(site))
    if not plan.is_bound():
        return wanted
    plan.sweep()
    augment(plan, rounds=ROUNDS)
    servable: Floats = wanted - np.asarray(plan.deficit)
    return servable


def _enough_level(site: Site, load_w: Floats, need: Floats) -> float:
    """The level that is enough for all cars together, were none of them bound by its own or a circuit's power.

    Until each departure n periods ahead: n x level - the load in them = what is due by then.
    """
    due = np.bincount(np.minimum(site.end, load_w.size), weights=need, minlength=load_w.size + 1)[1:]
    until = np.cumsum(due) + np.cumsum(load_w)
    return float((until / np.arange(1, load_w.size + 1)).max(initial=0.0))
