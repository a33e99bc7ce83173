"""The moments at which the clock on a wall passes a given time, also in the nights that have 23 or 25 hours."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def local_edges(
    start: datetime, end: datetime, *, zone: ZoneInfo, times_s: tuple[int, ...]
) -> list[datetime]:
    """In UTC and in order: each moment strictly between at which the clock shows one of these seconds of the day, or jumps.

    In the hour that a night has twice a time comes twice. A time that a night does not have gives a moment at which
    nothing changes; the jump itself is among the edges.
    """
    edges = set(_clock_changes(start, end, zone))
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        found = _edges_of(day, zone, times_s)
        edges.update(found[bisect_right(found, start) : bisect_left(found, end)])
        day += DAY
    return sorted(edges)


@lru_cache(maxsize=4096)
def _edges_of(day: date, zone: ZoneInfo, times_s: tuple[int, ...]) -> tuple[datetime, ...]:
    midnight = datetime.combine(day, time())
    walls = [midnight + timedelta(seconds=at_s) for at_s in times_s]
    return tuple(
        sorted({wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for wall in walls for fold in (0, 1)})
    )


def _clock_changes(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    while start < end:
        until = min(start + DAY, end)
        if start.astimezone(zone).utcoffset() != until.astimezone(zone).utcoffset():
            change = _change_between(start, until, zone)
            if change < end:
                yield change
        start = until


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first full second with the new offset."""
    offset = before.astimezone(zone).utcoffset()
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
