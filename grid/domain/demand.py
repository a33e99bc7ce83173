"""Metering intervals: energy counted as time passes, and the month's highest so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Max

from grid.models import Circuit, DemandInterval, DemandTarget

# Between two looks closer than this the load is the mean of both; nobody knows what was in a longer gap.
CLOSE = timedelta(seconds=30)
COUNTED = ["length_s", "target_w", "used_ws", "load_w", "counted_until", "finished", "cannot_hold"]


@dataclass(frozen=True, slots=True)
class Billed:
    """A circuit's target, the month's highest finished interval and the one that runs, if it was counted lately."""

    target: DemandTarget
    month_peak_w: int
    running: DemandInterval | None


def read_billed_peak(circuit: Circuit, *, now: datetime) -> Billed | None:
    """None without a target in use: then nobody counts."""
    rows = DemandTarget.objects.filter(circuit=circuit, active=True)
    target = rows.select_related("community").first()
    if target is None:
        return None
    peaks_w = month_peaks_w([circuit.pk], time_zone=target.community.time_zone, now=now)
    return Billed(target, peaks_w.get(circuit.pk, 0), open_intervals([target], now=now).get(circuit.pk))


def open_intervals(targets: Iterable[DemandTarget], *, now: datetime) -> Mapping[UUID, DemandInterval]:
    """The interval of this moment, by circuit."""
    found = {}
    for pk, rows in read_recent(targets, now=now).items():
        newest = max(rows, key=_counted_until)
        if now < newest.begin + _length(newest):
            found[pk] = newest
    return found


def read_recent(targets: Iterable[DemandTarget], *, now: datetime) -> Mapping[UUID, Sequence[DemandInterval]]:
    """The intervals that began in the last two hours, by circuit, in order. An interval ahead was counted by a clock that was fast."""
    rows = DemandInterval.objects.filter(
        circuit_id__in=[target.circuit_id for target in targets],
        begin__gt=now - timedelta(hours=2),
        begin__lte=now,
    )
    found: dict[UUID, list[DemandInterval]] = {}
    for row in rows.order_by("begin"):
        found.setdefault(row.circuit_id, []).append(row)
    return found


def month_peaks_w(circuit_ids: Iterable[UUID], *, time_zone: str, now: datetime) -> Mapping[UUID, int]:
    """The highest mean of a finished interval since the local month began, by circuit; of intervals as long as now."""
    local = now.astimezone(ZoneInfo(time_zone))
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    rows = (
        DemandInterval.objects.filter(
            circuit_id__in=list(circuit_ids),
            begin__gte=month,
            begin__lte=now,
            finished=True,
            length_s=F("circuit__demand_target__interval_min") * 60,
        )
        .order_by()
        .values_list("circuit_id")
        .annotate(peak_w=Max(F("used_ws") / F("length_s")))
    )
    return {circuit_id: int(peak_w) for circuit_id, peak_w in rows}


def count_intervals(
    target: DemandTarget,
    rows: Sequence[DemandInterval],
    *,
    begin: datetime,
    load_w: int,
    highest_w: int,
    target_w: int,
    now: datetime,
) -> list[DemandInterval]:
    """The running interval with all energy until `now`, and before it those that ended meanwhile. Not saved.

    rows: the recent ones. highest_w: the load that may have flowed while nobody looked. A target that is newer than its interval counts
    what came before at the present load, unless shorter intervals within it were counted. A clock that stepped back counts
    the same time once.
    """
    length = timedelta(minutes=target.interval_min)
    ended = [row for row in rows if not row.finished and _length(row) == length and row.begin + length <= now]
    last = max(rows, key=_counted_until, default=None)
    running = next((row for row in rows if row.begin == begin), None)
    since = begin
    if running is None or _length(running) != length:
        running, since = _begun(target, running, rows, begin=begin, load_w=load_w, now=now)
    elif running.counted_until > now:
        _rewind(running, now=now)
        since, last = now, running
    else:
        since, last = running.counted_until, running
    running.used_ws += _energy_ws(last, load_w, highest_w, since=since, until=now, now=now)
    for row in ended:
        end = row.begin + length
        row.used_ws += _energy_ws(row, load_w, highest_w, since=row.counted_until, until=end, now=now)
        row.counted_until, row.finished = end, True
    running.load_w, running.counted_until, running.target_w = load_w, now, target_w
    running.finished = False
    return [*ended, running]


def store_intervals(rows: Iterable[DemandInterval]) -> None:
    """Of two who count at once the later one is right: each counted everything up to its own moment."""
    for row in rows:
        if row._state.adding:  # noqa: SLF001 (Django offers no other way to ask)
            DemandInterval.objects.bulk_create(
                [row], update_conflicts=True, unique_fields=["circuit", "begin"], update_fields=COUNTED
            )
        else:
            row.save(update_fields=COUNTED)


def _begun(
    target: DemandTarget,
    shorter_or_longer: DemandInterval | None,
    rows: Sequence[DemandInterval],
    *,
    begin: datetime,
    load_w: int,
    now: datetime,
) -> tuple[DemandInterval, datetime]:
    """An interval that nobody counted yet at this length, with what is known of it, and until when that is."""
    running = shorter_or_longer or DemandInterval(
        community_id=target.community_id, circuit_id=target.circuit_id, begin=begin, counted_until=begin
    )
    running.length_s = target.interval_min * 60
    within = [row for row in rows if row.begin >= begin and row.counted_until <= now]
    if within:
        gap_s = (within[0].begin - begin).total_seconds()
        running.used_ws = sum(row.used_ws for row in within) + round(load_w * gap_s)
        return running, max(map(_counted_until, within))
    if target.since > begin:
        running.used_ws = round(load_w * (now - begin).total_seconds())
        return running, now
    running.used_ws = 0
    return running, begin


def _rewind(row: DemandInterval, *, now: datetime) -> None:
    """The clock stepped back: of what was counted, the part until now."""
    counted_s = (row.counted_until - row.begin).total_seconds()
    row.used_ws = round(row.used_ws * (now - row.begin).total_seconds() / counted_s)


def _counted_until(row: DemandInterval) -> datetime:
    return row.counted_until


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
