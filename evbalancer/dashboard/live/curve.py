"""The load of a day and of the last hour against the limit, from what was stored; ahead, what is expected.

Cars are counted by their energy registers, so a lost message leaves the average right. Their kilowatts stand for
kilovoltamperes: the power factor of on-board chargers is within 2 % of one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Avg, F, Max, Min, Q, QuerySet

from chargers.models import MeterValue, Session
from evbalancer.common.db.buckets import Bucket
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from evbalancer.dashboard.live.facts import Facts
from grid.domain.readings import expected_ma
from grid.models import Circuit, MeterReading, TemporaryLimit
from scheduling.models import RebalanceRun

DAY_BUCKET_S: Final = 300
# Short: an average over a cut would draw load above a limit that was kept.
HOUR_BUCKET_S: Final = 20
# A quiet balancer stores a run every minute.
RUNS_AT_LEAST_EVERY_S: Final = 70
# Meter values of a bucket may still be on their way when it ends.
ON_THE_WAY = timedelta(seconds=15)
# How far back a session's register before a bucket is looked for.
LOOK_BACK = timedelta(minutes=30)


@dataclass
class Curve:
    """Remembers complete buckets, so that a look costs what is new and not the whole day."""

    bucket_s: int
    _known: dict[int, tuple[int, int]] = field(default_factory=dict)
    _complete_until: int = 0

    def points(self, facts: Facts, *, since: datetime) -> list[list[int]]:
        """[end of the bucket in s since 1970, building in VA, cars in VA], only where we were running."""
        first = int(since.timestamp()) // self.bucket_s
        last = int((facts.now - ON_THE_WAY).timestamp()) // self.bucket_s
        begin = max(first, self._complete_until)
        if begin < last:
            self._known = {bucket: point for bucket, point in self._known.items() if first <= bucket < begin}
            self._known |= self._read(facts, begin, last)
            self._complete_until = last
        return [[(bucket + 1) * self.bucket_s, *point] for bucket, point in sorted(self._known.items())]

    def _read(self, facts: Facts, begin: int, end: int) -> dict[int, tuple[int, int]]:
        since, until = self._moment(begin), self._moment(end)
        building = self._building_va(facts, since, until)
        cars = self._cars_w(facts, since, until)
        return {
            bucket: (building(bucket), cars.get(bucket, 0)) for bucket in self._running(facts, since, until)
        }

    def _moment(self, bucket: int) -> datetime:
        return datetime.fromtimestamp(bucket * self.bucket_s, UTC)

    def _running(self, facts: Facts, since: datetime, until: datetime) -> list[int]:
        """Buckets with a run, and those so soon after one that a quiet balancer stores none in them."""
        earliest = since - timedelta(seconds=RUNS_AT_LEAST_EVERY_S)
        runs = RebalanceRun.objects.filter(cluster=facts.cluster, at__gte=earliest, at__lt=until).order_by()
        found = runs.annotate(bucket=Bucket("at", self.bucket_s)).values_list("bucket", flat=True).distinct()
        first, end = int(since.timestamp()) // self.bucket_s, int(until.timestamp()) // self.bucket_s
        reach = RUNS_AT_LEAST_EVERY_S // self.bucket_s
        near = {bucket + later for bucket in found for later in range(reach + 1)}
        return sorted(bucket for bucket in near if first <= bucket < end)

    def _cars_w(self, facts: Facts, since: datetime, until: datetime) -> dict[int, int]:
        values = (
            MeterValue.objects.filter(
                session_id__in=_sessions_between(facts, since, until).values("pk"),
                measured_at__gte=since - LOOK_BACK,
                measured_at__lt=until,
                energy_wh__isnull=False,
                quarantine="",
            )
            .annotate(bucket=Bucket("measured_at", self.bucket_s))
            .values("session_id", "bucket")
            .annotate(least_wh=Min("energy_wh"), most_wh=Max("energy_wh"))
            .order_by("session_id", "bucket")
        )
        load_w: dict[int, float] = {}
        before: tuple[UUID, int, int] | None = None
        for row in values:
            session_id, bucket, most_wh = row["session_id"], row["bucket"], row["most_wh"]
            same = before is not None and before[0] == session_id
            from_bucket, from_wh = (
                (before[1], before[2]) if before and same else (bucket - 1, row["least_wh"])
            )
            spread_w = max(0, most_wh - from_wh) * 3600 / self.bucket_s / (bucket - from_bucket)
            for each in range(from_bucket + 1, bucket + 1):
                load_w[each] = load_w.get(each, 0) + spread_w
            before = (session_id, bucket, most_wh)
        return {bucket: round(load) for bucket, load in load_w.items()}

    def _building_va(self, facts: Facts, since: datetime, until: datetime) -> Any:
        metered = [circuit for circuit in facts.tree.circuits.values() if circuit.has_meter]
        measured = self._readings_ma(metered, since, until)

        def at(bucket: int) -> int:
            total = ZERO_MA
            for circuit in facts.tree.circuits.values():
                if circuit.has_meter:
                    load = measured.get((circuit.pk, bucket), circuit.base_load_max_ma)
                else:
                    load = expected_ma(circuit, self._moment(bucket), facts.cluster.community.time_zone)
                total = total.plus(load)
            return facts.va(total)

        return at

    def _readings_ma(
        self, metered: list[Circuit], since: datetime, until: datetime
    ) -> dict[tuple[UUID, int], PhaseMilliamps]:
        if not metered:
            return {}
        rows = (
            MeterReading.objects.filter(circuit__in=metered, received_at__gte=since, received_at__lt=until)
            .annotate(bucket=Bucket("received_at", self.bucket_s))
            .values("circuit_id", "bucket")
            .annotate(l1=Avg("base_load_l1_ma"), l2=Avg("base_load_l2_ma"), l3=Avg("base_load_l3_ma"))
            .order_by()
        )
        return {
            (row["circuit_id"], row["bucket"]): PhaseMilliamps(
                round(row["l1"]), round(row["l2"]), round(row["l3"])
            )
            for row in rows
        }


def _sessions_between(facts: Facts, since: datetime, until: datetime) -> QuerySet[Session]:
    return Session.objects.filter(
        connector__charge_point__cluster=facts.cluster, plugged_at__lt=until
    ).filter(
        Q(unplugged_at=None) | Q(unplugged_at__gte=since),
    )


def local_day(now: datetime, time_zone: str) -> tuple[datetime, datetime]:
    """First moment of today and of tomorrow where the community lives: 23, 24 or 25 hours apart."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    begin = datetime.combine(today, datetime.min.time(), zone)
    end = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def limit_steps(facts: Facts, *, since: datetime, until: datetime) -> list[list[int]]:
    """[s since 1970, VA] wherever the root's limit changes, as it was and as it is announced."""
    root = facts.tree.root
    rows = TemporaryLimit.objects.filter(circuit=root, effective_at__lt=until).exclude(
        Q(until__lte=since) | Q(cancelled_at__lte=since) | Q(cancelled_at__lte=F("effective_at")),
    )
    spans = [(row.effective_at, _end(row, until), row.limit_ma) for row in rows]
    moments = sorted({since, *(at for begin, end, _ in spans for at in (begin, end) if since < at < until)})
    return [[int(at.timestamp()), facts.va(_lowest(root.limit_ma, spans, at))] for at in moments]


def _end(limit: TemporaryLimit, horizon: datetime) -> datetime:
    return min(filter(None, (limit.until, limit.cancelled_at, horizon)))


def _lowest(
    usual: PhaseMilliamps,
    spans: Iterable[tuple[datetime, datetime, PhaseMilliamps]],
    at: datetime,
) -> PhaseMilliamps:
    lowest = usual
    for begin, end, limit in spans:
        if begin <= at < end:
            lowest = PhaseMilliamps(*map(min, lowest, limit))
    return lowest
