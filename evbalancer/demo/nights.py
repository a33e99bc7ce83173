"""Two months of nights at Maple Court, whose cars followed the price within the transformer. The same in every install of a day."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from chargers.models import Connector
from fleet.models import Vehicle
from pricing.signals.series import QUARTER

PER_HOUR: Final = 4
KEPT_FREE_W: Final = 6_000
FOLLOWS_PRICE: Final = 0.85
# Cars that come the next day are on another list: who drives little plugs in seldom.
COMES: Final = 0.4
LEAST_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Night:
    """A car from plug to unplug: what flowed in each quarter from the first whole one on."""

    connector: Connector
    vehicle: Vehicle
    plugged_at: datetime
    unplugged_at: datetime
    power_w: int
    wanted_wh: int
    first: datetime
    energies_wh: tuple[int, ...]

    @property
    def received_wh(self) -> int:
        return sum(self.energies_wh)


class Nights:
    """Plays nights one after another, and remembers how much of the transformer each quarter has left."""

    def __init__(
        self, start: datetime, prices: Sequence[int], free_w: Sequence[int], *, zone: ZoneInfo, seed: int
    ) -> None:
        """`prices` and `free_w`: one entry a quarter from `start` on."""
        self._start = start
        self._prices = prices
        self._left_wh = [max(0, each - KEPT_FREE_W) // PER_HOUR for each in free_w]
        self._zone = zone
        self._chance = random.Random(seed)

    def play(self, day: date, places: Sequence[tuple[Connector, Vehicle]]) -> Iterator[Night]:
        """The cars that come on a day; who comes first has the first choice of quarters."""
        for connector, vehicle in places:
            if self._chance.random() < COMES:
                yield self._night(day, connector, vehicle)

    def _night(self, day: date, connector: Connector, vehicle: Vehicle) -> Night:
        chance = self._chance
        plugged_at = datetime.combine(day, time(16), tzinfo=self._zone).astimezone(UTC)
        plugged_at += timedelta(minutes=chance.randrange(300))
        leaves = datetime.combine(day + timedelta(days=1), time(6, 30), tzinfo=self._zone).astimezone(UTC)
        leaves += timedelta(minutes=chance.randrange(180))
        phases = min(len(connector.wired_phases), vehicle.phases)
        power_w = min(connector.max_current_ma, vehicle.max_current_ma) * 230 * phases // 1_000
        wanted_wh = round((vehicle.battery_wh or 40_000) * chance.uniform(0.12, 0.5))
        first = -((self._start - plugged_at) // QUARTER)
        last = (leaves - self._start) // QUARTER
        follows = chance.random() < FOLLOWS_PRICE
        quarters = sorted(range(first, last), key=self._prices.__getitem__) if follows else range(first, last)
        taken = self._take(quarters, wanted_wh, power_w)
        return Night(
            connector,
            vehicle,
            plugged_at,
            leaves,
            power_w,
            wanted_wh,
            self._start + first * QUARTER,
            tuple(taken.get(at, 0) for at in range(first, last)),
        )

    def _take(self, quarters: Sequence[int], wanted_wh: int, power_w: int) -> dict[int, int]:
        taken: dict[int, int] = {}
        for at in quarters:
            most_wh = power_w // PER_HOUR
            part_wh = min(most_wh, self._left_wh[at], wanted_wh)
            # Less than that is not charging: the quarter is left to others.
            if wanted_wh > most_wh and part_wh < LEAST_SHARE * most_wh:
                continue
            if part_wh:
                taken[at] = part_wh
                self._left_wh[at] -= part_wh
                wanted_wh -= part_wh
        return taken
