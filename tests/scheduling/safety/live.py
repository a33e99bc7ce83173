"""The simulated server with the policy that the balancer runs; cars come with wishes, some of them without."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scheduling import solver
from scheduling.domain.balancing.gate import Capacity, Line
from scheduling.domain.balancing.taking import DRAWS_UP_MA, FOLLOWED_AFTER, HEADROOM_MA
from scheduling.solver.play.live import live_policy
from scheduling.solver.problem import LONG_AGO_S
from tests.scheduling.safety.server import Server

VOLTS = 230.0
SAYS_NOTHING = 0.25  # share of the cars of which nobody knows what they need or when they leave


@dataclass(slots=True)
class Stay:
    """What the car of a transaction wants, and what it can have received at most."""

    began_s: float
    counted_s: float
    wanted_wh: float | None
    leaves_s: float
    received_wh: float = 0.0
    starts: int = 0
    # What it was seen to use of its limit, as `scheduling.domain.balancing.taking` learns it, and since when it has had that limit.
    most_ma: int | None = None
    limit_ma: int = 0
    limit_since_s: float = 0.0


@dataclass
class LiveServer(Server):
    stays: dict[int, Stay] = field(default_factory=dict)

    def started(self, key: int, tx: int, phases: tuple[int, ...], now: float) -> None:
        super().started(key, tx, phases, now)
        rng = random.Random(tx)
        wanted_wh = None if rng.random() < SAYS_NOTHING else rng.uniform(2_000, 40_000)
        self.stays[key] = Stay(now, now, wanted_wh, now + rng.uniform(900, 10 * 3_600))

    def stopped(self, key: int, tx: int, now: float) -> None:
        if tx == self.rows[key].tx:
            self.stays.pop(key, None)
        super().stopped(key, tx, now)

    def metered(self, key: int, draw_ma: int, now: float) -> None:
        stay = self.stays.get(key)
        if stay is None:
            return
        limit_ma = self.rows[key].exposure.in_force_ma(now)
        if limit_ma != stay.limit_ma:
            stay.limit_ma, stay.limit_since_s = limit_ma, now
        if stay.most_ma is not None and draw_ma >= stay.most_ma - DRAWS_UP_MA:
            stay.most_ma = None
        followed = now - stay.limit_since_s >= FOLLOWED_AFTER.total_seconds()
        if followed and 0 < draw_ma <= limit_ma - HEADROOM_MA - 1_000:
            stay.most_ma = draw_ma + HEADROOM_MA

    def share(self, lines: list[Line], capacity: Mapping[str, Capacity], now: float) -> None:
        circuits = tuple(
            solver.Circuit(pk, None if pk == "root" else "root", _phase_ma(carries.near_ma))
            for pk, carries in capacity.items()
        )
        steered = [line for line in lines if line.target_ma is not None]
        reservations = tuple(
            solver.Reservation(line.path[0], load_ma=_phase_ma(line.exposure.worst(now)))
            for line in lines
            if line.target_ma is None
        )
        problem = solver.Problem(
            circuits, tuple(self.demand(line, now) for line in steered), reservations, policy=live_policy()
        )
        limits_ma = solver.solve(problem).limits_ma()
        for line in steered:
            row, wanted_ma = self.rows[line.key], limits_ma[str(line.key)]
            if (wanted_ma > 0) != (row.target_ma > 0):
                row.since_s = now
                self.stays[line.key].starts += wanted_ma > 0
            row.target_ma = wanted_ma

    def demand(self, line: Line, now: float) -> solver.Demand:
        row, stay, exposure = self.rows[line.key], self.stays[line.key], line.exposure
        stay.received_wh += (
            exposure.in_force_ma(now) / 1_000 * VOLTS * len(exposure.own) * (now - stay.counted_s) / 3_600
        )
        stay.counted_s = now
        left_s = int(stay.leaves_s - now)
        left_wh = None if stay.wanted_wh is None else stay.wanted_wh - stay.received_wh
        return solver.Demand(
            id=str(line.key),
            circuit_id=line.path[0],
            phases=exposure.own,
            min_ma=line.min_ma,
            max_ma=max(min(row.max_ma, stay.most_ma or row.max_ma), line.min_ma),
            step_ma=line.step_ma,
            energy_wh=stay.wanted_wh,
            remaining_wh=left_wh if left_wh is not None and left_wh > 0 else None,
            depart_s=left_s if stay.wanted_wh is not None and left_s > 0 else None,
            priority=2 if left_wh is None or left_wh > 0 else 1,
            current_ma=line.asked_ma if line.asked_ma is not None else exposure.in_force_ma(now),
            since_s=int(now - row.since_s) if stay.starts else LONG_AGO_S,
            starts=stay.starts,
            connected_s=int(now - stay.began_s),
        )


def _phase_ma(values: Sequence[int]) -> tuple[float, float, float]:
    first, second, third = values
    return max(0, first), max(0, second), max(0, third)
