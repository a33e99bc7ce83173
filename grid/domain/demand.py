"""Metering intervals: energy counted as time passes, and the month's highest so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Max

from grid.models import Circuit, DemandInterval, DemandTarget

# Between two looks closer than this the load is the mean of both; nobody knows what was in a longer gap.
CLOSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Billed:
    """A circuit's target, the month's highest finished interval and the one that runs, if it was counted lately."""

    target: DemandTarget
    month_peak_w: int
    running: DemandInterval | None


def billed(circuit: Circuit, *, now: datetime) -> Billed | None:
    """None without a target in use: then nobody counts."""
    rows = DemandTarget.objects.filter(circuit=circuit, active=True)
    target = rows.select_related("community").first()
    if target is None:
        return None
    peaks_w = month_peaks_w([circuit.pk], time_zone=target.community.time_zone, now=now)
    return Billed(target, peaks_w.get(circuit.pk, 0), open_intervals([target], now=now).get(circuit.pk))


def open_intervals(targets: Iterable[DemandTarget], *, now: datetime) -> Mapping[UUID, DemandInterval]:
    """The interval of this moment, by circuit."""
    return {
        pk: row for pk, row in newest(targets, now=now).items() if row.begin <= now < row.begin + _length(row)
    }


def newest(targets: Iterable[DemandTarget], *, now: datetime) -> Mapping[UUID, DemandInterval]:
    """The interval that was counted last, by circuit."""
    rows = DemandInterval.objects.filter(
        circuit_id__in=[target.circuit_id for target in targets], begin__gt=now - timedelta(hours=2)
    ).order_by("begin")
    return {row.circuit_id: row for row in rows}


def month_peaks_w(circuit_ids: Iterable[UUID], *, time_zone: str, now: datetime) -> Mapping[UUID, int]:
    """The highest mean of a finished interval since the local month began, by circuit."""
    local = now.astimezone(ZoneInfo(time_zone))
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    rows = (
        DemandInterval.objects.filter(circuit_id__in=list(circuit_ids), begin__gte=month, finished=True)
        .order_by()
        .values_list("circuit_id")
        .annotate(peak_w=Max(F("used_ws") / F("length_s")))
    )
    return {circuit_id: int(peak_w) for circuit_id, peak_w in rows}


def count(
    target: DemandTarget,
    last: DemandInterval | None,
    *,
    begin: datetime,
    load_w: int,
    highest_w: int,
    target_w: int,
    now: datetime,
) -> list[DemandInterval]:
    """The running interval with all energy until `now`, and before it one that ended meanwhile. Not saved.

    highest_w: what may have flowed where nobody looked. A target that is newer than its interval counts what came before
    at the present load.
    """
    length = timedelta(minutes=target.interval_min)
    running = last if last is not None and last.begin == begin else None
    ended = []
    if running is None:
        if last is not None and not last.finished:
            end = last.begin + _length(last)
            last.used_ws += _energy_ws(last, load_w, highest_w, since=last.counted_until, until=end, now=now)
            last.counted_until, last.finished = end, True
            ended = [last]
        running = DemandInterval(
            community_id=target.community_id,
            circuit_id=target.circuit_id,
            begin=begin,
            length_s=int(length.total_seconds()),
            counted_until=begin,
        )
        if target.since > begin:
            running.used_ws = round(load_w * (now - begin).total_seconds())
        else:
            running.used_ws = _energy_ws(last, load_w, highest_w, since=begin, until=now, now=now)
    else:
        running.used_ws += _energy_ws(
            running, load_w, highest_w, since=running.counted_until, until=now, now=now
        )
    running.load_w, running.counted_until, running.target_w = (
        load_w,
        max(now, running.counted_until),
        target_w,
    )
    return [*ended, running]


def store(rows: Iterable[DemandInterval]) -> None:
    for row in rows:
        row.save()


def _length(row: DemandInterval) -> timedelta:
    return timedelta(seconds=row.length_s)


def _energy_ws(
    last: DemandInterval | None,
    load_w: int,
    highest_w: int,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
) -> int:
    if last is not None and now - last.counted_until <= CLOSE:
        mean_w = (last.load_w + load_w) / 2
    else:
        mean_w = max(highest_w, load_w)
    return round(mean_w * max(0.0, (until - since).total_seconds()))
