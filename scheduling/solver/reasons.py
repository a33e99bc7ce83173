"""Why a car has its setpoint, from what stands in the way of a higher one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from scheduling.solver.arrays import Floats, Ints
from scheduling.solver.plans.aims import SoftCap
from scheduling.solver.plans.claims import REST_S, Wish, overfull_rows
from scheduling.solver.plans.ideal import Outlook
from scheduling.solver.plans.site import POWER, Site
from scheduling.solver.problem import Aim, Demand, Problem
from scheduling.solver.setpoints import Charger
from scheduling.solver.solution import Reason, ReasonKind

DEFERRED = {
    Aim.PRICE: ReasonKind.DEFERRED_PRICE,
    Aim.CARBON: ReasonKind.DEFERRED_CARBON,
    Aim.PEAK: ReasonKind.DEFERRED_PEAK,
}
HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Findings:
    """The facts that the reasons are made of. blocks: per car, as `blocked_at` says it; cap: the power that the aim holds back.

    begins: the seconds until the plan gives this car power at the latest, None for never; overfull: whether this row
    (circuit * 4 + phase) carries less than the minimums of all that want power. Both are only worked out when asked for.
    """

    problem: Problem
    site: Site
    wish: Wish
    charger: Charger
    current: Floats
    blocks: Ints
    sharing: Ints
    cap: SoftCap | None
    begins: Callable[[int], int | None]
    overfull: Callable[[int], bool]

    @property
    def later_s(self) -> int | None:
        return None if self.cap is None else self.cap.later_s


def findings(
    problem: Problem,
    site: Site,
    outlook: Outlook,
    wish: Wish,
    charger: Charger,
    *,
    current: Floats,
    cap: SoftCap | None,
) -> Findings:
    step = charger.step if problem.policy.quantise else np.minimum(1.0, charger.most * 1e-3)
    higher = np.where(current > 0, current + step, charger.least if problem.policy.quantise else step)
    blocks = charger.blocks(higher)

    @cache
    def begins_s() -> Floats:
        horizon = outlook.horizon
        planned = np.asarray(outlook.planner.power) > HAIR
        first = np.full(len(site.demands), np.inf)
        np.minimum.at(first, horizon.item_car[planned], horizon.cut[horizon.block_of[planned]])
        seconds: Floats = first * problem.period_s
        return seconds

    @cache
    def overfull() -> np.ndarray:
        wanted = (wish.need_w > HAIR) & charger.can
        return overfull_rows(site, np.where(wanted, charger.least, 0.0))

    return Findings(
        problem=problem,
        site=site,
        wish=wish,
        charger=charger,
        current=current,
        blocks=blocks,
        sharing=charger.sharing(),
        cap=cap,
        begins=lambda at: None if np.isinf(begins_s()[at]) else int(begins_s()[at]),
        overfull=lambda block: bool(overfull()[block // 4, block % 4]),
    )


def reason(found: Findings, at: int) -> Reason:
    """The reason for the car at this place of the site's order."""
    demand = found.site.demands[at]
    absent = _absent(found, demand, at)
    if absent is not None:
        return Reason(absent)
    on = found.current[at] > 0
    floor_ma = min(demand.emergency_min_ma, demand.max_ma)
    if on and floor_ma > 0 and found.current[at] + HAIR >= floor_ma:
        return Reason(ReasonKind.EMERGENCY)
    if on and found.current[at] + HAIR >= min(found.charger.top[at], found.charger.most[at]):
        return Reason(ReasonKind.CAR_MAX)
    block = int(found.blocks[at])
    if block == -1 and on:
        block = _crowded(found, at)
    if block == -1:
        return _unblocked(found, demand, on=on)
    if block <= -2:
        names = sorted(limit.id for limit in found.problem.phasors)
        return Reason(ReasonKind.PHASOR_FULL, names[-2 - block])
    return _at_circuit(found, demand, at, block, on=on)


def _crowded(found: Findings, at: int) -> int:
    """The first limit without a step more for every car that shares it; -1 when there is none."""
    site, step = found.site, found.charger.step[at] if found.problem.policy.quantise else 1.0
    node = int(site.node_of[at])
    while node >= 0:
        for row in (*(phase for phase in range(3) if site.mask[at] >> phase & 1), POWER):
            unit = site.watts_per_ma[at] if row == POWER else 1.0
            spot = node * 4 + row
            if found.charger.room[spot] < found.sharing[spot] * step * unit:
                return spot
        node = int(site.parent[node])
    return -1


def _absent(found: Findings, demand: Demand, at: int) -> ReasonKind | None:
    if demand.arrive_s > 0:
        return ReasonKind.NOT_HERE
    if demand.depart_s is not None and demand.depart_s <= 0:
        return ReasonKind.GONE
    if found.wish.need_w[at] <= HAIR:
        return ReasonKind.FULL
    return None


def _at_circuit(found: Findings, demand: Demand, at: int, block: int, *, on: bool) -> Reason:
    node, row = divmod(block, 4)
    phase = None if row == POWER else row
    place = found.site.node_ids[node]
    sharing = int(found.sharing[block])
    if found.cap is not None and node == found.cap.root and row == POWER:
        return Reason(DEFERRED[found.problem.policy.aim], place, None, sharing, found.later_s)
    if on:
        return Reason(ReasonKind.CIRCUIT_FULL, place, phase, sharing)
    if found.site.room[node, row, 0] + HAIR < demand.min_ma * (
        found.site.watts_per_ma[at] if phase is None else 1.0
    ):
        return Reason(ReasonKind.NO_ROOM, place, phase, sharing)
    kind = ReasonKind.WAITING_TURN if found.overfull(block) else ReasonKind.AFTER_URGENT
    return Reason(kind, place, phase, sharing, _turn_s(found, demand, at))


def _unblocked(found: Findings, demand: Demand, *, on: bool) -> Reason:
    """No limit is in the way: it was just paused, or the aim or the plan gives it no more for now."""
    rests = found.problem.policy.minimum_first and demand.starts > 0 and demand.since_s < REST_S
    if not on and rests:
        return Reason(ReasonKind.RESTING, change_s=REST_S - demand.since_s)
    kind = DEFERRED.get(found.problem.policy.aim, ReasonKind.SPREAD) if not on else ReasonKind.SPREAD
    return Reason(kind, change_s=found.later_s if kind is not ReasonKind.SPREAD else None)


def _is_blind(demand: Demand) -> bool:
    return demand.depart_s is None or demand.remaining_wh is None


def _turn_s(found: Findings, demand: Demand, at: int) -> int | None:
    """When a waiting car gets power at the latest: as planned, or with the next turn where nobody knows what it needs."""
    planned_s = None if _is_blind(demand) else found.begins(at)
    if planned_s:
        return planned_s
    paused_s = demand.since_s if demand.starts else 0
    return max(0, found.problem.policy.rotate_s - paused_s) or None
