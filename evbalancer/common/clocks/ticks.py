"""Where the axis of a picture over time has its marks."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

STEPS: Final = (
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(days=1),
)
MOST_TICKS: Final = 8


def find_ticks(start: datetime, end: datetime, *, zone: ZoneInfo) -> list[datetime]:
    """Full hours on the wall after `start`, or parts or multiples of them, and not too many."""
    every = next((step for step in STEPS if (end - start) / step <= MOST_TICKS), STEPS[-1])
    midnight = start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((end - midnight) / every)
    moments = [midnight + number * every for number in range(count + 1)]
    return [at for at in moments if at > start]
