import time
from collections.abc import Sequence
from dataclasses import dataclass

from chargers.simulator.plant.battery import MIN_MA, Car
from chargers.simulator.plant.connector import Connector, Transaction
from chargers.simulator.plant.wiring import to_grid
from chargers.simulator.station import Station
from drivers.models import IdTag
from evbalancer.life.clock import true_time
from evbalancer.life.evidence import is_unheard
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from grid.models import Circuit, TemporaryLimit

# A car may wait this long for its first power, and after a fault: its room has to be taken from others first.
WITHIN_S = 120.0
# A car that takes nothing at 6 A is offered more and more, each for a while.
WAKES_WITHIN_S = 900.0


@dataclass(frozen=True, slots=True)
class Want:
    """A car that charges or waits, and could take more than nothing."""

    station: Station
    connector: Connector
    car: Car
    transaction: Transaction

    @property
    def is_fed(self) -> bool:
        return max(self.connector.terminal_ma) > 0

    @property
    def least_ma(self) -> int:
        return self.car.min_ma

    @property
    def patience_s(self) -> float:
        return WITHIN_S + self.car.wake_s + (WAKES_WITHIN_S if self.car.min_ma > MIN_MA else 0)


class Minimum(Judge):
    """In calm times, while no limit is lowered, no car waits for power that is there: beside what others are offered or, where
    everybody comes first, beside their minimums."""

    name = "minimum"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        community_id = world.place.cluster.community_id
        tokens = IdTag.objects.filter(community=community_id).values_list("token", flat=True)
        self._cards = {token.casefold() for token in tokens}
        self._fed_at: dict[str, float] = {}
        self._blamed: set[str] = set()

    def see_minute(self) -> None:
        now, wanting = true_time(), self._wanting()
        may_judge = self._is_calm() and not TemporaryLimit.objects.filter(cancelled_at=None).exists()
        room_ma = self._room_ma(wanting) if may_judge else {}
        for want in wanting:
            ref, patience_s = want.transaction.ref, want.patience_s
            if want.is_fed or not may_judge or not self._fits(want, room_ma):
                self._fed_at[ref] = now
            waited_s = now - self._fed_at.setdefault(ref, now)
            if waited_s > patience_s and ref not in self._blamed:
                self._blamed.add(ref)
                others = len(wanting) - 1
                self.blame(f"{want.station.spec.id} has no power beside {others} others for {waited_s:.0f} s")

    def _wanting(self) -> list[Want]:
        return [
            Want(station, connector, connector.car, connector.transaction)
            for station in self.world.stations
            for connector in station.connectors.values()
            if connector.car is not None
            and connector.transaction is not None
            and not connector.car.is_full
            and connector.closed
            and connector.transaction.id_tag.casefold() in self._cards
        ]

    def _is_calm(self) -> bool:
        calm_s = time.monotonic() - self.world.calm_since_s
        return calm_s >= WITHIN_S and all(station.online for station in self.world.stations)

    def _room_ma(self, wanting: Sequence[Want]) -> dict[str, list[int]]:
        """What each circuit has left for one more car, beside the most that its building takes."""
        place = self.world.place
        rows = {row.pk: row for row in Circuit.objects.filter(cluster=place.cluster)}
        room_ma = {}
        for name, limits_ma in place.limits_ma.items():
            row = rows[place.circuits[name]]
            building_ma = (row.base_load_max_l1_ma, row.base_load_max_l2_ma, row.base_load_max_l3_ma)
            room_ma[name] = [
                limit - (building or 0) - place.cluster.margin_ma
                for limit, building in zip(limits_ma, building_ma, strict=True)
            ]
        by_connector = {(want.station.spec.id, want.connector.id): want for want in wanting}
        for station in self.world.stations:
            for number, connector in station.connectors.items():
                want = by_connector.get((station.spec.id, number))
                if is_unheard(station):
                    taken_ma = station.spec.nameplate_ma
                elif place.cluster.everybody_first and want is not None:
                    taken_ma = want.least_ma
                else:
                    taken_ma = max(connector.offered_ma, *connector.terminal_ma)
                self._book(room_ma, station, connector, -taken_ma)
        return room_ma

    def _fits(self, want: Want, room_ma: dict[str, list[int]]) -> bool:
        left_ma = {name: list(each) for name, each in room_ma.items()}
        if not self.world.place.cluster.everybody_first:
            # Whom others' minimums were not laid aside for.
            self._book(left_ma, want.station, want.connector, -want.least_ma)
        path = self.world.place.path_of(want.station.spec.circuit)
        return all(each >= 0 for name in path for each in left_ma[name])

    def _book(self, room_ma: dict[str, list[int]], station: Station, connector: Connector, ma: int) -> None:
        """On all phases that it is wired to: on which of them a car charges is known only once it does."""
        terminal_ma = [ma if phase < connector.phases else 0 for phase in range(3)]
        grid_ma = to_grid((terminal_ma[0], terminal_ma[1], terminal_ma[2]), connector.rotation)
        for name in self.world.place.path_of(station.spec.circuit):
            room_ma[name] = [left + each for left, each in zip(room_ma[name], grid_ma, strict=True)]
