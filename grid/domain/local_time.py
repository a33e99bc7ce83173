"""Moments on the wall clock of a community's own zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from grid.models import Community


def on_the_clock(moment: datetime, community: Community) -> str:
    """As a fact of what is said keeps it."""
    return moment.astimezone(ZoneInfo(community.time_zone)).replace(microsecond=0).isoformat()
