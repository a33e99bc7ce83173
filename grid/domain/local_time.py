"""Moments as a community's people read them: on the wall clock of their own zone, in the language that is active."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format

from grid.models import Community


def on_the_clock(moment: datetime, community: Community) -> str:
    """As a fact of what is said keeps it."""
    return _local(moment, community).replace(microsecond=0).isoformat()


def date_and_time(moment: datetime, community: Community) -> str:
    """For example "3 Nov 2026, 07:30"."""
    return date_format(_local(moment, community), "SHORT_DATETIME_FORMAT")


def _local(moment: datetime, community: Community) -> datetime:
    return moment.astimezone(ZoneInfo(community.time_zone))
