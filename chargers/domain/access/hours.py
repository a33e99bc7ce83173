"""Hours of a rule on the wall clock: a part of the local week, which begins on some days and may end on the next one."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from chargers.models.access import DAY_MIN

# Windows that follow one another are one, but nobody needs to know an end that is further away.
LOOKS_AHEAD = timedelta(days=8)


class Hours(Protocol):
    """`weekdays`: bit 0 is Monday. Minutes after local midnight, the end excluded; an end that is no later is on the next day."""

    @property
    def weekdays(self) -> int: ...

    @property
    def start_min(self) -> int: ...

    @property
    def end_min(self) -> int: ...


def find_end(hours: Hours, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the window that holds `at` ends; None outside all of them."""
    today = at.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        if not hours.weekdays >> day.weekday() & 1:
            continue
        begins = _moment(day, hours.start_min, zone)
        last_day = day if hours.end_min > hours.start_min else day + timedelta(days=1)
        ends = _moment(last_day, hours.end_min, zone)
        if begins <= at < ends:
            return ends
    return None


def open_until(windows: Iterable[Hours], at: datetime, zone: ZoneInfo) -> datetime | None:
    """Up to where one of them after the other is open without a gap; `at` itself where none is."""
    windows = list(windows)
    end = at
    while end - at < LOOKS_AHEAD:
        ends = [found for each in windows if (found := find_end(each, end, zone)) is not None]
        if not ends:
            return end
        end = max(ends)
    return None


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, DAY_MIN)
    day += timedelta(days=days)
    # Two moments of one zone would be compared by the wall clock.
    return datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=zone).astimezone(UTC)
