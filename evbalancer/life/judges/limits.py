import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from chargers.simulator.plant.wiring import Amps3
from chargers.simulator.station import Station
from evbalancer.common.db.prepared import Several, prepared
from evbalancer.life.evidence import is_unheard, is_wild
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from grid.models import TemporaryLimit

# A limit is announced longer before it is in force than what was read of the limits is kept.
REREAD_S = 5.0
# The time that others may take to make room for a car that no limit reaches: two values of its meter, and what follows.
MINDED_WITHIN_S = 180.0
# Cars follow within a minute; the lease of one that cannot be reached lasts two.
HOLDS_WITHIN = timedelta(minutes=5)


class Limits(Judge):
    """No circuit and phase carries more than it may at this moment."""

    name = "limits"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._above: set[str] = set()
        self._cuts: list[TemporaryLimit] = []
        self._read_at = 0.0
        # Since when a charge point gives power that no limit of ours reaches.
        self._wild_since: dict[str, float] = {}

    def see_change(self, at: float) -> None:
        if at - self._read_at >= REREAD_S:
            self._read_cuts(at)
        self._note_wild(at)
        for name in self.world.place.limits_ma:
            carried_ma = self.world.site.history.now_ma(name)
            if _is_above(carried_ma, self._allowed_ma(name, at)):
                # A cut may have been lifted since they were read.
                self._read_cuts(at)
            allowed_ma = self._allowed_ma(name, at)
            if not _is_above(carried_ma, allowed_ma) or self._is_explained(name, at):
                self._above.discard(name)
            elif name not in self._above:
                self._above.add(name)
                self.blame(f"{name} carries {carried_ma} mA and may carry {allowed_ma} mA")

    def _note_wild(self, at: float) -> None:
        for identity, station in self.world.site.charge_points.items():
            # A clock that was just set ends or postpones a limit before it has told the time to anybody.
            if is_wild(station) or self.world.has_own_clock_wrong(station):
                self._wild_since.setdefault(identity, at)
            else:
                self._wild_since.pop(identity, None)

    def _is_explained(self, name: str, at: float) -> bool:
        """By what no limit reaches: for a while, and for good where that alone is too much."""
        wild_ma, is_young = [0, 0, 0], False
        for identity, since in self._wild_since.items():
            station = self.world.site.charge_points[identity]
            if name in self.world.place.path_of(station.spec.circuit):
                is_young |= at - since < MINDED_WITHIN_S
                wild_ma = [sum(each) for each in zip(wild_ma, station.draw_ma(), strict=True)]
        return is_young or _is_above((wild_ma[0], wild_ma[1], wild_ma[2]), self._allowed_ma(name, at))

    def _read_cuts(self, at: float) -> None:
        self._read_at = at
        self._cuts = _limits_on(circuits=self.world.place.circuits.values())

    def _allowed_ma(self, name: str, at: float) -> Amps3:
        moment = datetime.fromtimestamp(at, UTC)
        l1_ma, l2_ma, l3_ma = self.world.place.limits_ma[name]
        # While its clock is wrong, the server's word on when a cut holds is worth nothing.
        for row in () if self.world.is_clock_wrong else self._cuts:
            ends = [each for each in (row.until, row.cancelled_at) if each is not None]
            is_in_force = row.effective_at <= moment and (not ends or min(ends) > moment)
            if is_in_force and row.circuit_id == self.world.place.circuits[name]:
                l1_ma = min(l1_ma, row.limit_l1_ma + row.uncovered_ma)
                l2_ma = min(l2_ma, row.limit_l2_ma + row.uncovered_ma)
                l3_ma = min(l3_ma, row.limit_l3_ma + row.uncovered_ma)
        return l1_ma, l2_ma, l3_ma


class Cuts(Judge):
    """A lowered limit holds some minutes after it was announced, whatever the product says of the moment, where all that hangs below
    is there and does as it is asked."""

    name = "cuts"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._blamed: set[UUID] = set()
        self._names = {pk: name for name, pk in world.place.circuits.items()}
        # Since when a charge point could not be asked, or refused.
        self._apart_s: dict[str, float] = {}

    def see_minute(self) -> None:
        for station in self.world.stations:
            if not station.online or is_wild(station) or is_unheard(station):
                self._apart_s[station.spec.id] = time.monotonic()
        if self.world.is_clock_wrong or self._lasts_s(self.world.calm_since_s) < HOLDS_WITHIN.total_seconds():
            return
        now = datetime.now(UTC)
        rows = TemporaryLimit.objects.filter(
            circuit__in=list(self._names), announced_at__lt=now - HOLDS_WITHIN, cancelled_at=None
        )
        for row in rows.exclude(until__lte=now).exclude(pk__in=self._blamed):
            name = self._names[row.circuit_id]
            below = list(self._below(name))
            is_heard = all(
                self._lasts_s(self._apart_s.get(each.spec.id, 0.0)) >= HOLDS_WITHIN.total_seconds()
                for each in below
            )
            limit_ma = row.limit_l1_ma, row.limit_l2_ma, row.limit_l3_ma
            carried_ma = self.world.site.history.now_ma(name)
            if is_heard and _is_above_by_cars(carried_ma, limit_ma, below):
                self._blamed.add(row.pk)
                said = f"{name} carries {carried_ma} mA, and was cut to {limit_ma} mA"
                self.blame(f"{said} at {row.announced_at:%H:%M:%S}")

    def _below(self, name: str) -> Iterator[Station]:
        for station in self.world.stations:
            if name in self.world.place.path_of(station.spec.circuit):
                yield station

    @staticmethod
    def _lasts_s(since_s: float) -> float:
        return time.monotonic() - since_s


@prepared
def _limits_on(circuits: Several) -> QuerySet[TemporaryLimit]:
    return TemporaryLimit.objects.filter(circuit__in=circuits)


def _is_above(carried_ma: Amps3, allowed_ma: Amps3) -> bool:
    return any(carried > allowed for carried, allowed in zip(carried_ma, allowed_ma, strict=True))


def _is_above_by_cars(carried_ma: Amps3, limit_ma: Amps3, stations: Sequence[Station]) -> bool:
    """On a phase on which any car charges: a building alone may be above."""
    drawn_ma = [station.draw_ma() for station in stations]
    return any(
        carried > limit and max(cars, default=0) > 0
        for carried, limit, *cars in zip(carried_ma, limit_ma, *drawn_ma, strict=True)
    )
