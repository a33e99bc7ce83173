"""The energy that can still be promised: wishes are laid into the room beside limits and building, quarter by quarter.

Wishes are served earliest departure first and as early as they can, at 6 A or more, on every circuit from the connector
up to the root. A new wish may only take what leaves each earlier promise as it was.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Self

import numpy as np
import numpy.typing as npt

from grid.domain import limits, readings, topology
from grid.models import Cluster, TemporaryLimit

PERIOD_S = 900
LEAST_MA = 6_000
TOLERANCE_WH = 1
HALVINGS = 7
SHARED_PART = 0.9

Room = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wish:
    """Energy for one car on one circuit. Seconds count from the ledger's start.

    `phases` are loaded for all we know; power flows on `power_phases` of them (fewer, where the wiring is unknown).
    """

    key: str
    circuit_id: Hashable
    phases: tuple[int, ...]
    power_phases: int
    max_ma: int
    energy_wh: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Fill:
    """A wish's share. `first_s` is when its power begins and `done_s` when the last of it is there, if any."""

    energy_wh: float
    first_s: float | None
    done_s: float | None


class Ledger:
    """Room per circuit, phase and quarter hour in mA, from `start` on.

    paths: the rows of `room` that power to a circuit flows through.
    """

    def __init__(
        self, room: Room, *, paths: Mapping[Hashable, Sequence[int]], voltage_v: float, start: datetime
    ) -> None:
        self.room = room
        self.start = start
        self.voltage_v = voltage_v
        self.periods = room.shape[2]
        self._path = paths

    @classmethod
    def of_cluster(cls, cluster: Cluster, *, now: datetime, until: datetime) -> Self:
        """The room beside limits, margins and buildings, from the quarter hour that holds `now` on."""
        start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        periods = max(1, -(-int((until - start).total_seconds()) // PERIOD_S))
        tree = topology.read_tree(cluster)
        row = {pk: index for index, pk in enumerate(tree.circuits)}
        paths: dict[Hashable, Sequence[int]] = {
            pk: [row[above] for above in path] for pk, path in tree.paths.items()
        }
        moments = [start + timedelta(seconds=index * PERIOD_S) for index in range(periods)]
        room = _usable(cluster, tree, moments, limits.open_limits(cluster, now=now))
        return cls(room, paths=paths, voltage_v=cluster.voltage_v, start=start)

    def second(self, moment: datetime) -> float:
        return (moment - self.start).total_seconds()

    def moment(self, second: float) -> datetime:
        return self.start + timedelta(seconds=second)

    def keep(self, circuit_id: Hashable, phases: Sequence[int], current_ma: int, *, until_s: float) -> None:
        """Take so much out of the room, from the start on."""
        periods = range(min(self.periods, ceil(until_s / PERIOD_S)))
        rows = np.ix_(self._path[circuit_id], phases, periods)
        self.room[rows] = np.maximum(self.room[rows] - current_ma, 0.0)

    def pack(self, wishes: Iterable[Wish]) -> dict[str, Fill]:
        """Lay all of them into fresh room, earliest departure first."""
        room = self.room.copy()
        ordered = sorted(wishes, key=lambda wish: (wish.end_s, wish.start_s, wish.key))
        return {wish.key: self._fill(room, wish) for wish in ordered}

    def promise(self, wish: Wish, promised: Sequence[Wish]) -> Fill:
        """The most of `wish` that takes nothing from the wishes already promised.

        Beside others not all of the room is counted on: cars that take turns, in whole amperes above a minimum, leave some of it.
        """
        if promised:
            careful = Ledger(
                self.room * SHARED_PART, paths=self._path, voltage_v=self.voltage_v, start=self.start
            )
            return careful._beside(wish, promised)
        return self._beside(wish, promised)

    def _beside(self, wish: Wish, promised: Sequence[Wish]) -> Fill:
        before = self.pack(promised)
        together = self.pack([*promised, wish])
        if _unharmed(before, together):
            return together[wish.key]
        # A smaller wish takes less of the early hours that the others need.
        low, high, best = 0.0, together[wish.key].energy_wh, Fill(0.0, None, None)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            together = self.pack([*promised, replace(wish, energy_wh=middle)])
            if _unharmed(before, together):
                low, best = middle, together[wish.key]
            else:
                high = middle
        return best

    def alone_wh(self, wish: Wish) -> float:
        """The energy that fits into the time, at the full power of car and connector."""
        return wish.max_ma * self._w_per_ma(wish) * max(0.0, wish.end_s - wish.start_s) / 3600

    def _fill(self, room: Room, wish: Wish) -> Fill:
        rows = np.ix_(self._path[wish.circuit_id], wish.phases)
        current = np.minimum(room[rows].min(axis=(0, 1)), wish.max_ma)
        current[current < LEAST_MA] = 0.0
        begins = np.arange(self.periods) * float(PERIOD_S)
        within_s = np.clip(
            np.minimum(begins + PERIOD_S, wish.end_s) - np.maximum(begins, wish.start_s), 0, PERIOD_S
        )
        energy = current * self._w_per_ma(wish) * within_s / 3600
        reached = np.cumsum(energy)
        taken = np.clip(wish.energy_wh - (reached - energy), 0.0, energy)
        share = np.divide(taken, energy, out=np.zeros_like(taken), where=energy > 0)
        room[rows] -= current * share * within_s / PERIOD_S
        used = np.flatnonzero(taken)
        if not used.size:
            return Fill(0.0, None, None)
        first, last = used[0], used[-1]
        done_s = max(begins[last], wish.start_s) + share[last] * within_s[last]
        return Fill(float(taken.sum()), float(max(begins[first], wish.start_s)), float(done_s))

    def _w_per_ma(self, wish: Wish) -> float:
        return self.voltage_v * wish.power_phases / 1000


def _usable(
    cluster: Cluster, tree: topology.Tree, moments: Sequence[datetime], cuts: Sequence[TemporaryLimit]
) -> Room:
    room = np.zeros((len(tree.circuits), 3, len(moments)))
    row = {pk: index for index, pk in enumerate(tree.circuits)}
    zone = cluster.community.time_zone
    for pk, circuit in tree.circuits.items():
        room[row[pk]] += np.array(circuit.limit_ma)[:, None]
    for cut in cuts:
        at, over = row[cut.circuit_id], cut.until or moments[-1] + timedelta(seconds=PERIOD_S)
        here = np.array([moment < over for moment in moments])
        room[at] = np.where(here, np.minimum(room[at], np.array(cut.limit_ma)[:, None]), room[at])
    for pk, circuit in tree.circuits.items():
        expected = [readings.expected_ma(circuit, moment, zone) for moment in moments]
        load = np.array(expected, dtype=float).T
        for above in tree.paths[pk]:
            room[row[above]] -= load
    return np.asarray(np.maximum(room - cluster.margin_ma, 0.0))


def _unharmed(before: Mapping[str, Fill], after: Mapping[str, Fill]) -> bool:
    return all(after[key].energy_wh >= fill.energy_wh - TOLERANCE_WH for key, fill in before.items())
