"""Quiet hours: what comes within them is sent at their end, by whatever channel."""

from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from drivers.models.notification import DAY_MIN
from evbalancer.common.errors import InvalidInput
from evbalancer.common.words.said import Said


class Quiet(Protocol):
    """Quiet hours in minutes after midnight; both are None where there are none."""

    @property
    def quiet_from_min(self) -> int | None: ...

    @property
    def quiet_until_min(self) -> int | None: ...


def check_quiet_hours(quiet_from_min: int | None, quiet_until_min: int | None) -> None:
    """Raises InvalidInput for half a pair, and an empty one."""
    if (quiet_from_min is None) != (quiet_until_min is None):
        raise InvalidInput("quiet_from_min", Said("refusal.quiet_hours_incomplete"))
    if quiet_from_min is not None and quiet_from_min == quiet_until_min:
        raise InvalidInput("quiet_until_min", Said("refusal.quiet_hours_all_day"))


def quiet_until(preference: Quiet, *, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The end of the quiet hours that `now` lies in, if it does. They may span midnight."""
    begin, end = preference.quiet_from_min, preference.quiet_until_min
    if begin is None or end is None:
        return None
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    since = (minute - begin) % DAY_MIN
    lasts = (end - begin) % DAY_MIN
    if since >= lasts:
        return None
    day = local.date() if end > minute else local.date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=zone)
