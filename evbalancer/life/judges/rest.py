import time
from collections import defaultdict, deque
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from chargers.enums import CommandKind, CommandState
from chargers.models import ChargerCommand
from evbalancer.life.judges.judge import Judge, Violation
from evbalancer.life.world import World
from grid.models import TemporaryLimit

STILL = timedelta(minutes=12)
LOOKED_AT = timedelta(minutes=10)
# While no car changes, a limit may have another value this often: a car that sleeps is offered more now and then.
MOST_CHANGES = 4
# The fallback may be written this often, however often a charge point boots.
MOST_FALLBACKS = 10
# A car may be started this often within ten minutes: each start wears its contactor.
MOST_STARTS = 3
STEP_MA = 1_000


class Rest(Judge):
    """Limits rest while nothing moves, and no memory is worn by fallbacks."""

    name = "rest"

    def __init__(self, world: World, violations: list[Violation]) -> None:
        super().__init__(world, violations)
        self._seen: Hashable = None
        self._still_since = time.time()
        self._blamed: set[Hashable] = set()
        self._offered: dict[tuple[str, int], bool] = {}
        self._starts: dict[str, deque[float]] = defaultdict(deque)

    def see_change(self, at: float) -> None:
        """Count how often a car is stopped and started again within its transaction."""
        for station in self.world.stations:
            for number, connector in station.connectors.items():
                transaction, key = connector.transaction, (station.spec.id, number)
                if transaction is None:
                    self._offered.pop(key, None)
                    continue
                was_offered = self._offered.get(key, True)
                self._offered[key] = connector.offered_ma > 0
                if not was_offered and connector.offered_ma > 0:
                    self._starts[transaction.ref].append(at)

    def see_minute(self) -> None:
        is_calm = time.monotonic() - self.world.calm_since_s >= LOOKED_AT.total_seconds()
        for ref, starts in self._starts.items():
            while starts and starts[0] < time.time() - LOOKED_AT.total_seconds():
                starts.popleft()
            if is_calm and len(starts) > MOST_STARTS and ref not in self._blamed:
                self._blamed.add(ref)
                self.blame(f"a car was started {len(starts)} times in ten minutes")
        now = time.time()
        seen = self._look()
        if seen != self._seen or time.monotonic() < self.world.calm_since_s:
            self._seen, self._still_since = seen, now
        since = datetime.fromtimestamp(now, UTC) - LOOKED_AT
        if now - self._still_since >= STILL.total_seconds():
            self._judge_limits(since)
        self._judge_fallbacks(since)

    def _look(self) -> Hashable:
        cars = tuple(
            (
                station.spec.id,
                connector.transaction and connector.transaction.ref,
                _rounded(connector.terminal_ma),
            )
            for station in self.world.stations
            for connector in station.connectors.values()
        )
        cuts = TemporaryLimit.objects.filter(cancelled_at=None).values_list("pk", "effective_at")
        return cars, tuple(sorted(map(str, cuts)))

    def _judge_limits(self, since: datetime) -> None:
        asked: dict[tuple[str, int], list[int | None]] = defaultdict(list)
        rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, queued_at__gt=since).order_by(
            "queued_at"
        )
        named = rows.values_list("connector__charge_point__identity", "connector__number", "limit_ma")
        for identity, number, limit_ma in named:
            asked[identity or "", number or 0].append(limit_ma)
        for connector, limits_ma in asked.items():
            changes = sum(before != after for before, after in pairwise(limits_ma))
            if changes > MOST_CHANGES and connector not in self._blamed:
                self._blamed.add(connector)
                name = f"connector {connector[1]} of {connector[0]}"
                self.blame(f"{name} was given {changes} other limits in ten minutes in which no car changed")

    def _judge_fallbacks(self, since: datetime) -> None:
        written: dict[str, int] = defaultdict(int)
        rows = ChargerCommand.objects.filter(
            kind=CommandKind.SET_FALLBACK, state=CommandState.ACCEPTED, queued_at__gt=since
        )
        for charge_point in rows.values_list("charge_point__identity", flat=True):
            written[charge_point] += 1
        for charge_point, writes in written.items():
            if writes > MOST_FALLBACKS and (charge_point, "fallback") not in self._blamed:
                self._blamed.add((charge_point, "fallback"))
                self.blame(f"{charge_point} had its fallback written {writes} times in ten minutes")


def _rounded(terminal_ma: tuple[int, int, int]) -> tuple[int, ...]:
    return tuple(round(each / STEP_MA) for each in terminal_ma)
