"""From ideal powers to setpoints: nothing or the minimum and up, in steps, with few starts, and why."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.kernels.compiled import kernel_array
from scheduling.solver.kernels.setpoint_kernels import (
    Room,
    Wiring,
    bind_rows,
    book_all,
    count_sharing,
    lift_to,
    raise_tied,
    start_cars,
)
from scheduling.solver.plans.claims import Discs, Wish, blind_cars, claims_of, urgent_parts
from scheduling.solver.plans.site import Site
from scheduling.solver.problem import PhasorLimit, Policy

HAIR = 1e-6


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
        # A car that cannot take the charger's minimum is not started: it would stop and start again.
        self.can = (self.most >= self.least - HAIR) & (self.top >= self.least - HAIR)
        self.current = kernel_array(np.zeros(len(demands)))
        self._steps = kernel_array(self.step)
        self._wiring = _wire(site, self.most, phasors)
        self._room = _empty_room(site, self._wiring)

    def start(self, order: Ints, least: Floats) -> None:
        if order.size:
            start_cars(kernel_array(order), kernel_array(least), self.current, self._wiring, self._room)

    def lift(self, order: Ints, goal: Floats) -> None:
        if order.size:
            lift_to(
                kernel_array(order), kernel_array(goal), self._steps, self.current, self._wiring, self._room
            )

    def climb(self, order: Ints, tie: Floats, goal: Floats) -> None:
        if order.size:
            raise_tied(
                kernel_array(order), kernel_array(tie), kernel_array(goal), self._steps, self.current, self._wiring,
                self._room,
            )  # fmt: skip

    def blocks(self, wants: Floats) -> Ints:
        """The row or phasor limit that keeps each car from going to `wants`, -1 for none."""
        found = kernel_array(np.zeros(len(wants), dtype=np.int64))
        bind_rows(kernel_array(wants), self.current, found, self._wiring, self._room)
        return np.asarray(found, dtype=np.int64)

    def book(self, current: Floats) -> None:
        """Take continuous currents as they are: they came from a fill that respects every limit."""
        for car, value in enumerate(current):
            self.current[car] = value
        book_all(self.current, self._wiring, self._room)

    def reset(self, current: Floats) -> None:
        """Start over from these currents."""
        self._room = _empty_room(self.site, self._wiring)
        self.book(current)

    @property
    def room(self) -> Any:
        """What is left of each row: at circuit * 4 + phase in mA, + 3 in W."""
        return self._room.left

    @property
    def discs(self) -> Discs:
        at = self._wiring
        start, of = (np.asarray(each, dtype=np.int64) for each in (at.disc_start, at.disc_of))
        return Discs(start, of, np.asarray(at.disc_re), np.asarray(at.disc_im), np.asarray(at.disc_cap))

    def sharing(self) -> Ints:
        counts = kernel_array(np.zeros(4 * self.site.n_nodes, dtype=np.int64))
        running = kernel_array((np.asarray(self.current) > 0).astype(np.int64))
        count_sharing(running, self._wiring, counts)
        return np.asarray(counts, dtype=np.int64)


def _empty_room(site: Site, wiring: Wiring) -> Room:
    nothing = np.zeros(len(wiring.disc_cap))
    return Room(kernel_array(site.room[:, :, 0].reshape(-1)), kernel_array(nothing), kernel_array(nothing))


def _wire(site: Site, most_ma: Floats, phasors: Sequence[PhasorLimit]) -> Wiring:
    index = {site.demands[at].id: int(at) for at in site.real}
    limits = sorted(phasors, key=lambda each: each.id)
    terms = []
    for at, limit in enumerate(limits):
        scale = 1000 / limit.volts
        terms += [(index[key], at, re * scale, im * scale) for key, re, im in limit.terms if key in index]
    terms.sort()
    owners = np.array([term[0] for term in terms], dtype=np.int64)
    counts = np.bincount(owners, minlength=len(site.demands))
    return Wiring(
        parent=kernel_array(site.parent),
        node_of=kernel_array(site.node_of),
        mask=kernel_array(site.mask),
        watts_per_ma=kernel_array(site.watts_per_ma),
        most_ma=kernel_array(most_ma),
        disc_start=kernel_array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)),
        disc_of=kernel_array(np.array([term[1] for term in terms], dtype=np.int64)),
        disc_re=kernel_array(np.array([term[2] for term in terms], dtype=float)),
        disc_im=kernel_array(np.array([term[3] for term in terms], dtype=float)),
        disc_cap=kernel_array(np.array([float(limit.limit_ma) for limit in limits])),
    )


def set_currents(charger: Charger, wish: Wish, policy: Policy) -> Floats:
    """Setpoints in mA, one per car: minimums in order of claim, then the ideals, then what is left by laxity."""
    site = charger.site
    wants = charger.can & (wish.need_w > HAIR) & (site.begin == 0) & (site.end > 0)
    claims = claims_of(site, wish, policy, least=charger.least, wants=wants, discs=charger.discs)
    floor_ma = np.maximum(wish.due_w / site.watts_per_ma, site.emergency_ma)
    least = np.maximum(charger.least, np.minimum(_stepped_up(floor_ma, charger.step), charger.top))
    by_laxity = np.lexsort((np.arange(wish.laxity.size), wish.laxity, -site.claim))
    by_laxity = by_laxity[wants[by_laxity]]
    # Cars nobody knows anything about stay equal to the ampere; elsewhere an ampere left over is worth giving to one.
    tie = np.where(blind_cars(site), wish.laxity, np.arange(wish.laxity.size) + 1e9)
    # Less than two minimums' worth is given at once: what one minimum leaves could never be given.
    last = wish.need_w < 2 * charger.least * site.watts_per_ma
    whole = np.where(last, np.maximum(_goal(charger, wish.need_w), least), least)
    # An emergency has its minimum before all, then as much of its floor as there is room for.
    charger.start(claims.emergencies, charger.least)
    charger.lift(claims.emergencies, least)
    # Promises come next: all that cannot wait, one after the other, and what is left of the room to the last of them.
    charger.start(claims.promised, least)
    charger.start(claims.promised, charger.least)
    charger.lift(claims.promised, least)
    urgent_w = wish.urgent_w
    if policy.minimum_first:
        urgent_w = urgent_parts(site, wish, charger.least * site.watts_per_ma)
    for order, goal_w in ((claims.pressing, urgent_w), (claims.first, wish.ideal_w)):
        charger.start(order, whole)
        charger.start(order, least)
        charger.lift(by_laxity, _stepped_down(charger, goal_w))
    again = _refilled(charger, wish, urgent_w, least)
    _finish_crumbs(charger, wish, by_laxity)
    for goal_w in (again, wish.goal_w):
        charger.climb(by_laxity, tie, _goal(charger, goal_w))
    charger.start(claims.later, charger.least)
    charger.climb(by_laxity, tie, _goal(charger, wish.need_w))
    before = np.array(charger.current, dtype=float)
    current = _without_crumbs(charger, wish, before)
    if (current < before).any():
        # What was kept for later ticks is no reason for anybody to wait now.
        charger.reset(current)
        charger.start(np.concatenate((claims.pressing, claims.first, claims.later)), charger.least)
        current = np.array(charger.current, dtype=float)
    was = np.array([float(each.current_ma) for each in site.demands])
    # A raise too small to be worth a message is left; a cut always goes through.
    small = (was >= charger.least) & (current > was) & (current - was < policy.dead_band_ma)
    settled: Floats = np.where(small, np.floor((was + HAIR) / charger.step) * charger.step, current)
    return settled


def _refilled(charger: Charger, wish: Wish, urgent_w: Floats, least: Floats) -> Floats:
    """Now that it is known who runs: minimums, then the urgent parts, then by laxity, among the running cars only."""
    site = charger.site
    current = np.asarray(charger.current)
    on = current > 0
    have = np.where(on, np.minimum(np.minimum(least, current) * site.watts_per_ma, site.top_w), 0.0)
    most = np.where(on, np.minimum(site.top_w, wish.need_w), 0.0)
    ideal = wish.fill(have, (np.minimum(urgent_w, most), np.minimum(wish.goal_w, most), most))
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
