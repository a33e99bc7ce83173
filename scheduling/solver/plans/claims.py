"""Who gets a minimum, and in what order: rule T, "throttle before pausing, but after what cannot wait".

Where all minimums fit beside what cannot wait any longer, everybody has the minimum. Elsewhere the parts that cannot wait
come first, then running cars with energy in the plan, then cars that were never started; the rest gets the remainder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.plans.site import POWER, Site
from scheduling.solver.problem import Policy

WORTH_WHEN_TIGHT = 1.0
WORTH_A_START = 0.5  # of the minimum: a smaller ideal does not start a car that could wait
PAUSES_LEFT = 1  # starts so far, up to which a car with time to spare may be paused under shortage
KEPT_CLAIM = 9  # a running minimum that must not be taken: above every priority, below emergencies
DONE = 2.0  # minimums' worth: a car this near its goal keeps running only where nobody else needs the room
REST_S = 30  # a car that was paused starts again only after this long, or a limit that trembles would switch it each time
# Which part of its minimum must be urgent for a car to keep running, or to be started, before others are topped up:
# by how often it was started so far, so that the same car is not paused and started again and again.
PRESSING_RUNNING = np.array([0.5, 0.5, 0.3, 0.1])
PRESSING_WAITING = np.array([0.8, 0.8, 1.0, 1.2])
# Where phases overlap, a phase left idle is lost: cars start earlier and are kept longer.
PRESSING_RUNNING_PHASES = np.array([0.2, 0.2, 0.1, 0.05])
PRESSING_WAITING_PHASES = np.array([0.2, 0.3, 0.5, 0.8])
KEEPS, TURN, FRESH, LEFTOVERS, NEVER = 2, 3, 6, 8, 9  # ranks that several rules speak of
HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """What each car should get now. ideal_w: the plan's answer; urgent_w: the part that cannot wait; laxity: periods
    the car could still be idle (least first); goal_w: its target energy, need_w: all it wants, both as one period's W.
    due_w: the part of its promise that cannot wait. tight: somebody goes short.
    """

    ideal_w: Floats
    urgent_w: Floats
    goal_w: Floats
    need_w: Floats
    laxity: Floats
    due_w: Floats
    tight: bool
    overlapping: bool
    fill: Callable[[Floats, Sequence[Floats]], Floats]


@dataclass(frozen=True, slots=True)
class Discs:
    """Phasor limits seen from the cars: car i's terms are start[i]..start[i + 1] in `of`, `re`, `im` (mA per W)."""

    start: Ints
    of: Ints
    re: Floats
    im: Floats
    cap: Floats

    @property
    def car(self) -> Ints:
        return np.repeat(np.arange(self.start.size - 1), np.diff(self.start))


@dataclass(frozen=True, slots=True)
class Claims:
    """Who gets a minimum, in order: emergencies, promises that cannot wait, who else cannot wait, who comes before
    running cars are topped up, and who after.
    """

    emergencies: Ints
    promised: Ints
    pressing: Ints
    first: Ints
    later: Ints


@dataclass(frozen=True, slots=True)
class _Cars:
    """The facts that the ranks are made of."""

    running: np.ndarray
    since: Floats
    starts: Ints
    least_w: Floats
    urgent: np.ndarray
    turn: np.ndarray
    kept: np.ndarray

    @property
    def fresh(self) -> np.ndarray:
        fresh: np.ndarray = self.starts == 0
        return fresh


def claims_of(
    site: Site, wish: Wish, policy: Policy, *, least: Floats, wants: np.ndarray, discs: Discs
) -> Claims:
    """`least`: each car's minimum in mA; `wants`: who can and wants to be powered now."""
    cars = _cars_of(site, wish, policy, least)
    safe = np.zeros(wants.size, dtype=bool)
    if policy.everybody_first:
        safe[:] = True
    elif policy.minimum_first:
        safe = _safe_cars(site, cars, wish, wants, discs)
    rank = _ranks(site, wish, policy, cars, safe)
    claim = np.where(cars.kept, np.maximum(site.claim, KEPT_CLAIM), site.claim)
    waited = np.where(cars.running, 0.0, cars.since * site.weight)
    order = np.lexsort((np.arange(rank.size), wish.laxity, -waited * (rank == TURN), rank, -claim))
    order = order[wants[order]]
    pressing = ((rank <= 1) | cars.urgent | cars.turn | (safe & (rank <= LEFTOVERS)))[order]
    late = (rank >= LEFTOVERS)[order] & ~(safe & (rank == LEFTOVERS))[order]
    return Claims(
        emergencies=order[site.emergency_ma[order] > 0],
        promised=_promised(site, wish, order),
        pressing=order[pressing & ~late],
        first=order[~pressing & ~late],
        later=order[late & (rank[order] < NEVER)],
    )


def _promised(site: Site, wish: Wish, order: Ints) -> Ints:
    """Who has no time left to catch up comes first."""
    due = order[((wish.due_w > HAIR) & (site.emergency_ma <= 0))[order]]
    spare = site.end - site.promised_w / np.maximum(site.top_w, HAIR)
    return due[np.argsort(spare[due], kind="stable")]


def blind_cars(site: Site) -> np.ndarray:
    """Cars of which nobody knows when they leave or what they need."""
    return np.array([each.depart_s is None or each.remaining_wh is None for each in site.demands], dtype=bool)


def _cars_of(site: Site, wish: Wish, policy: Policy, least: Floats) -> _Cars:
    demands = site.demands
    running = np.array([each.current_ma > 0 for each in demands], dtype=bool)
    since = np.array([each.since_s for each in demands], dtype=float)
    starts = np.array([each.starts for each in demands], dtype=int)
    # A wish below a minimum's worth is as urgent as it can be: it must not wait for a part it will never have.
    least_w = np.minimum(least * site.watts_per_ma, np.maximum(wish.need_w, HAIR))
    often = np.minimum(starts, PRESSING_WAITING.size - 1)
    keep, start = PRESSING_RUNNING, PRESSING_WAITING
    if wish.overlapping:
        keep, start = PRESSING_RUNNING_PHASES, PRESSING_WAITING_PHASES
    share = np.where(running, keep[often], start[often])
    return _Cars(
        running=running,
        since=since,
        starts=starts,
        least_w=least * site.watts_per_ma,
        urgent=(wish.urgent_w >= share * least_w) & (wish.urgent_w > HAIR),
        # Without departure or energy there is no laxity to go by: then turns are by time.
        turn=blind_cars(site) & ~running & (since >= policy.rotate_s) & (wish.ideal_w > HAIR),
        kept=running & np.array([each.keeps_minimum for each in demands], dtype=bool),
    )


def _ranks(site: Site, wish: Wish, policy: Policy, cars: _Cars, safe: np.ndarray) -> Ints:
    """0 comes first; `LEFTOVERS` only gets what is left, `NEVER` not even that."""
    running, fresh, since, starts = cars.running, cars.fresh, cars.since, cars.starts
    worth_w = np.minimum(cars.least_w, np.maximum(wish.need_w, HAIR))
    worth = wish.ideal_w >= (WORTH_WHEN_TIGHT if wish.tight else WORTH_A_START) * worth_w
    settled = since >= policy.dwell_s
    rank = np.full(running.size, LEFTOVERS)
    rank[~running & worth & (fresh | cars.urgent | (wish.ideal_w >= worth_w))] = FRESH
    spare = wish.tight & ((starts <= PAUSES_LEFT) | (wish.goal_w < DONE * cars.least_w))
    rank[running] = np.where(spare, LEFTOVERS, 5)[running]
    rank[running & (wish.ideal_w > HAIR)] = 4
    rank[~running & cars.urgent & ~fresh & (since >= policy.rotate_s)] = TURN
    rank[(~running & cars.urgent & fresh) | cars.turn] = TURN
    rank[running & (wish.ideal_w > HAIR) & (since < policy.rotate_s)] = KEEPS
    rank[running & ~settled] = 1
    paused_just_now = ~running & ~fresh & ~settled
    if policy.minimum_first:
        rank[~running & fresh] = np.minimum(rank, np.where(safe, TURN, FRESH))[~running & fresh]
        rank[paused_just_now & ~safe] = LEFTOVERS
        rank[paused_just_now & (since < REST_S)] = NEVER
    else:
        rank[paused_just_now] = NEVER
    rank[cars.kept | (wish.due_w > HAIR) | (site.emergency_ma > 0)] = 0
    return rank


def overfull_rows(site: Site, current: Floats) -> np.ndarray:
    """Where these currents are more than a circuit carries. What a part cannot carry does not burden the whole."""
    load = np.zeros((site.n_nodes, 4))
    for phase in range(POWER):
        on_phase = np.where(site.mask >> phase & 1, current, 0.0)
        load[:, phase] = np.bincount(site.node_of, weights=on_phase, minlength=site.n_nodes)
    load[:, POWER] = np.bincount(site.node_of, weights=current * site.watts_per_ma, minlength=site.n_nodes)
    room = site.room[:, :, 0]
    overfull = np.zeros(load.shape, dtype=bool)
    for node in range(site.n_nodes - 1, -1, -1):
        overfull[node] = load[node] > room[node] + HAIR
        if site.parent[node] >= 0:
            load[site.parent[node]] += np.minimum(load[node], room[node])
    return overfull


def _safe_cars(site: Site, cars: _Cars, wish: Wish, wants: np.ndarray, discs: Discs) -> np.ndarray:
    """Cars whose minimum takes nothing from anybody: all minimums and all that cannot wait fit on every limit of theirs."""
    needed_w = np.where(wants, np.maximum(cars.least_w, urgent_parts(site, wish, cars.least_w)), 0.0)
    barred = np.asarray(overfull_rows(site, needed_w / site.watts_per_ma).any(axis=1))
    for node in range(site.n_nodes):
        if site.parent[node] >= 0:
            barred[node] |= barred[site.parent[node]]
    safe = ~barred[site.node_of]
    if discs.of.size:
        car, count = discs.car, discs.cap.size
        size = np.hypot(
            np.bincount(discs.of, weights=discs.re * needed_w[car], minlength=count),
            np.bincount(discs.of, weights=discs.im * needed_w[car], minlength=count),
        )
        safe[car[(size > discs.cap)[discs.of]]] = False
    return safe


def urgent_parts(site: Site, wish: Wish, least_w: Floats) -> Floats:
    """What cannot wait. Of a car that nobody knows anything about only its minimum is: there is no departure to miss."""
    parts: Floats = np.where(blind_cars(site), np.minimum(wish.urgent_w, least_w), wish.urgent_w)
    return parts
