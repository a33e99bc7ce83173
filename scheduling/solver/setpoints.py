"""From ideal powers to setpoints: nothing or the minimum and up, in steps, with few starts, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.compiled import kernel_array
from scheduling.solver.problem import PhasorLimit, Policy
from scheduling.solver.setpoint_kernels import (
    bind_rows,
    book_all,
    count_sharing,
    lift_to,
    raise_tied,
    start_cars,
)
from scheduling.solver.site import Site

WORTH_WHEN_TIGHT = 1.0
WORTH_A_START = 0.5  # of the minimum: a smaller ideal does not start a car that could wait
PAUSES_LEFT = 1  # starts so far, up to which a car with time to spare may be paused under shortage
KEPT_CLAIM = 9  # a running minimum that must not be taken: above every priority, below emergencies
DONE = 2.0  # minimums' worth: a car this near its goal keeps running only where nobody else needs the room
# Which part of its minimum must be urgent for a car to keep running, or to be started, before others are topped up:
# by how often it was started so far, so that the same car is not paused and started again and again.
PRESSING_RUNNING = np.array([0.5, 0.5, 0.3, 0.1])
PRESSING_WAITING = np.array([0.8, 0.8, 1.0, 1.2])
# Where phases overlap, three-phase cars must not all be left to the end: together they would not fit.
PRESSING_WAITING_PHASES = np.array([0.5, 0.6, 0.8, 1.2])
HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """What each car should get now. ideal_w: the plan's answer; urgent_w: the part that cannot wait; laxity: periods
    the car could still be idle (least first); goal_w: its target energy, need_w: all it wants, both as one period's W.
    """

    ideal_w: Floats
    urgent_w: Floats
    goal_w: Floats
    need_w: Floats
    laxity: Floats
    tight: bool
    overlapping: bool
    fill: Callable[[Floats, Sequence[Floats]], Floats]


class Charger:
    """Booking of setpoints against all limits, and each car's steps. Currents in mA."""

    def __init__(self, site: Site, phasors: Sequence[PhasorLimit]) -> None:
        demands = site.demands
        self.site = site
        self.step = np.array([float(each.step_ma) for each in demands])
        self.least = np.array([float(each.min_ma) for each in demands])
        self.most = site.top_w / site.watts_per_ma
        charger_top = (
            np.floor((np.array([float(each.max_ma) for each in demands]) + HAIR) / self.step) * self.step
        )
        self.top = np.minimum(charger_top, np.ceil((self.most - HAIR) / self.step) * self.step)
        # A car that cannot take the charger's minimum is not started: it would stop by itself and start again.
        self.can = (self.most >= self.least - HAIR) & (self.top >= self.least - HAIR)
        self.room = kernel_array(site.room[:, :, 0].reshape(-1))
        self.current = kernel_array(np.zeros(len(demands)))
        self._fixed = [kernel_array(each) for each in (site.parent, site.node_of, site.mask)]
        self._fixed += [kernel_array(site.watts_per_ma), kernel_array(self.most)]
        self._discs = _disc_terms(site, phasors)

    def start(self, order: Ints, least: Floats) -> None:
        start_cars(
            kernel_array(order), kernel_array(least), self.current, *self._fixed, self.room, *self._discs
        )

    def lift(self, order: Ints, goal: Floats) -> None:
        lift_to(
            kernel_array(order), kernel_array(goal), kernel_array(self.step), self.current, *self._fixed, self.room,
            *self._discs,
        )  # fmt: skip

    def climb(self, order: Ints, tie: Floats, goal: Floats) -> None:
        raise_tied(
            kernel_array(order), kernel_array(tie), kernel_array(goal), kernel_array(self.step), self.current,
            *self._fixed, self.room, *self._discs,
        )  # fmt: skip

    def blocks(self, wants: Floats) -> Ints:
        """The row or phasor limit that keeps each car from going to `wants`, -1 for none."""
        found = kernel_array(np.zeros(len(wants), dtype=np.int64))
        bind_rows(kernel_array(wants), self.current, found, *self._fixed, self.room, *self._discs)
        return np.asarray(found, dtype=np.int64)

    def book(self, current: Floats) -> None:
        """Take continuous currents as they are: they came from a fill that respects every limit."""
        for car, value in enumerate(current):
            self.current[car] = value
        book_all(self.current, *self._fixed, self.room, *self._discs)

    def reset(self, current: Floats) -> None:
        """Start over from these currents."""
        self.room = kernel_array(self.site.room[:, :, 0].reshape(-1))
        for sums in self._discs[-2:]:
            for at in range(len(sums)):
                sums[at] = 0.0
        self.book(current)

    def sharing(self) -> Ints:
        counts = kernel_array(np.zeros(4 * self.site.n_nodes, dtype=np.int64))
        running = kernel_array((np.asarray(self.current) > 0).astype(np.int64))
        count_sharing(running, *self._fixed[:3], counts)
        return np.asarray(counts, dtype=np.int64)


def _disc_terms(site: Site, phasors: Sequence[PhasorLimit]) -> list[Any]:
    index = {site.demands[at].id: int(at) for at in site.real}
    terms = []
    for at, limit in enumerate(sorted(phasors, key=lambda each: each.id)):
        scale = 1000 / limit.volts
        terms += [(index[key], at, re * scale, im * scale) for key, re, im in limit.terms if key in index]
    terms.sort()
    owners = np.array([term[0] for term in terms], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(site.demands)))]).astype(
        np.int64
    )
    caps = np.array([float(limit.limit_ma) for limit in sorted(phasors, key=lambda each: each.id)])
    return [
        kernel_array(starts),
        kernel_array(np.array([term[1] for term in terms], dtype=np.int64)),
        kernel_array(np.array([term[2] for term in terms], dtype=float)),
        kernel_array(np.array([term[3] for term in terms], dtype=float)),
        kernel_array(caps),
        kernel_array(np.zeros(caps.size)),
        kernel_array(np.zeros(caps.size)),
    ]


def set_currents(charger: Charger, wish: Wish, policy: Policy) -> Floats:
    """Setpoints in mA, one per car: minimums in order of claim, then the ideals, then what is left by laxity."""
    site = charger.site
    wants = charger.can & (wish.need_w > HAIR) & (site.begin == 0) & (site.end > 0)
    pressing, first, later = _claims(charger, wish, policy, wants)
    least = np.maximum(charger.least, _stepped_up(site.emergency_ma, charger.step))
    least = np.where(least <= charger.top, least, charger.least)
    by_laxity = np.lexsort((np.arange(wish.laxity.size), wish.laxity, -site.claim))
    by_laxity = by_laxity[wants[by_laxity]]
    # Cars nobody knows anything about stay equal to the ampere; elsewhere an ampere left over is worth giving to one.
    tie = np.where(_blind(site), wish.laxity, np.arange(wish.laxity.size) + 1e9)
    # Less than two minimums' worth is given at once: what one minimum leaves could never be given.
    last = wish.need_w < 2 * charger.least * site.watts_per_ma
    whole = np.where(last, np.maximum(_goal(charger, wish.need_w), least), least)
    for order, goal_w in ((pressing, wish.urgent_w), (first, wish.ideal_w)):
        charger.start(order, whole)
        charger.start(order, least)
        charger.lift(by_laxity, _stepped_down(charger, goal_w))
    again = _refilled(charger, wish, least)
    _finish_crumbs(charger, wish, by_laxity)
    for goal_w in (again, wish.goal_w):
        charger.climb(by_laxity, tie, _goal(charger, goal_w))
    charger.start(later, charger.least)
    charger.climb(by_laxity, tie, _goal(charger, wish.need_w))
    current = _without_crumbs(charger, wish, np.asarray(charger.current, dtype=float))
    was = np.array([float(each.current_ma) for each in site.demands])
    # A raise too small to be worth a message is left; a cut always goes through.
    small = (was >= charger.least) & (current > was) & (current - was < policy.dead_band_ma)
    settled: Floats = np.where(small, np.floor((was + HAIR) / charger.step) * charger.step, current)
    return settled


def _blind(site: Site) -> np.ndarray:
    return np.array([each.depart_s is None or each.remaining_wh is None for each in site.demands], dtype=bool)


def _refilled(charger: Charger, wish: Wish, least: Floats) -> Floats:
    """Now that it is known who runs: minimums, then the urgent parts, then by laxity, among the running cars only."""
    site = charger.site
    current = np.asarray(charger.current)
    on = current > 0
    have = np.where(on, np.minimum(np.minimum(least, current) * site.watts_per_ma, site.top_w), 0.0)
    most = np.where(on, np.minimum(site.top_w, wish.need_w), 0.0)
    ideal = wish.fill(have, (np.minimum(wish.urgent_w, most), np.minimum(wish.goal_w, most), most))
    charger.reset(np.where(on, np.minimum(least, current), 0.0))
    charger.lift(np.nonzero(on)[0], np.maximum(_stepped_down(charger, ideal), least * on))
    return ideal


def _stepped_down(charger: Charger, power_w: Floats) -> Floats:
    down = np.floor((power_w / charger.site.watts_per_ma + HAIR) / charger.step) * charger.step
    floored: Floats = np.minimum(down, charger.top)
    return floored


def _stepped_up(current: Floats, step: Floats) -> Floats:
    up: Floats = np.ceil((current - HAIR) / step) * step
    return up


def _goal(charger: Charger, power_w: Floats) -> Floats:
    """The setpoint that lets this power through."""
    goal: Floats = np.minimum(_stepped_up(power_w / charger.site.watts_per_ma, charger.step), charger.top)
    return goal


def _claims(charger: Charger, wish: Wish, policy: Policy, wants: np.ndarray) -> tuple[Ints, Ints, Ints]:
    """Who gets a minimum, in order: who cannot wait, who comes before running cars are topped up, and who after."""
    site = charger.site
    demands = site.demands
    running = np.array([each.current_ma > 0 for each in demands], dtype=bool)
    since = np.array([each.since_s for each in demands], dtype=float)
    starts = np.array([each.starts for each in demands], dtype=int)
    fresh = starts == 0
    least_w = charger.least * site.watts_per_ma
    often = np.minimum(starts, PRESSING_WAITING.size - 1)
    waiting = PRESSING_WAITING_PHASES if wish.overlapping else PRESSING_WAITING
    share = np.where(running, PRESSING_RUNNING[often], waiting[often])
    urgent = (wish.urgent_w >= share * least_w) & (wish.urgent_w > HAIR)
    worth = wish.ideal_w >= (WORTH_WHEN_TIGHT if wish.tight else WORTH_A_START) * least_w
    settled = since >= policy.dwell_s
    # Without departure or energy there is no laxity to go by: then turns are by time.
    blind = _blind(site)
    turn = blind & ~running & (since >= policy.rotate_s) & (wish.ideal_w > HAIR)
    rank = np.full(len(demands), 8)
    rank[~running & worth & (fresh | urgent | (wish.ideal_w >= least_w))] = 6
    spare = wish.tight & ((starts <= PAUSES_LEFT) | (wish.goal_w < DONE * least_w))
    rank[running] = np.where(spare, 8, 5)[running]
    rank[running & (wish.ideal_w > HAIR)] = 4
    rank[~running & urgent & ~fresh & (since >= policy.rotate_s)] = 3
    rank[(~running & urgent & fresh) | turn] = 3
    rank[running & (wish.ideal_w > HAIR) & (since < policy.rotate_s)] = 2
    rank[running & ~settled] = 1
    paused_just_now = ~running & ~fresh & ~settled
    rank[paused_just_now] = 9
    kept = running & np.array([each.keeps_minimum for each in demands], dtype=bool)
    rank[kept | (site.emergency_ma > 0)] = 0
    claim = np.where(kept, np.maximum(site.claim, KEPT_CLAIM), site.claim)
    if policy.minimum_first:
        rank[~running & fresh] = np.minimum(rank, 3)[~running & fresh]
    waited = np.where(running, 0.0, since * site.weight)
    order = np.lexsort((np.arange(rank.size), wish.laxity, -waited * (rank == 3), rank, -claim))
    order = order[wants[order]]
    if policy.minimum_first:
        return order[rank[order] <= 8], order[:0], order[:0]
    pressing = (rank[order] <= 1) | (urgent | turn)[order]
    late = rank[order] >= 8
    return order[pressing & ~late], order[~pressing & ~late], order[rank[order] == 8]


def _finish_crumbs(charger: Charger, wish: Wish, by_laxity: Ints) -> None:
    """Whoever would be left with less than a minimum's worth gets all of it now, where there is room."""
    site = charger.site
    current = np.asarray(charger.current)
    rest = wish.need_w - np.minimum(current * site.watts_per_ma, site.top_w)
    crumb = (current > 0) & (rest > HAIR) & (rest < charger.least * site.watts_per_ma)
    charger.lift(by_laxity[crumb[by_laxity]], _goal(charger, wish.need_w))


def _without_crumbs(charger: Charger, wish: Wish, current: Floats) -> Floats:
    """Do not leave a car with less than a minimum's worth of energy: it could never be given."""
    site = charger.site
    least_w = charger.least * site.watts_per_ma
    drawn = np.minimum(current * site.watts_per_ma, site.top_w)
    rest = wish.need_w - drawn
    crumb = (current > 0) & (rest > HAIR) & (rest < least_w)
    less = np.floor(((wish.need_w - least_w) / site.watts_per_ma + HAIR) / charger.step) * charger.step
    kept: Floats = np.where(crumb & (less >= charger.least), less, current)
    return kept
