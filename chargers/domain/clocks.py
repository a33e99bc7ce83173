"""Which of two times to believe: the charger's clock or the moment of receipt. Pure.

Chargers send local time labelled Z, the year 1970, or a clock that is a day off; they also send true times of hours ago,
when a queue is flushed after an offline spell. The offset of live messages tells the two apart.
"""

from datetime import UTC, datetime, timedelta

AHEAD_TOLERANCE = timedelta(minutes=2)
SKEW_TOLERANCE_S = 120
OLDEST_QUEUE = timedelta(days=30)
LIVE_WITHIN = timedelta(seconds=90)


def parse_time(text: str | None) -> datetime | None:
    """RFC 3339 to aware UTC; a time without a zone counts as UTC. None when it is no time at all."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is UTC:
            return parsed
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def believable(charger_at: datetime | None, *, received_at: datetime, skew_s: int) -> tuple[datetime, bool]:
    """The time to bill by, and whether the charger's clock is suspect."""
    if charger_at is None:
        return received_at, True
    suspect = abs(skew_s) > SKEW_TOLERANCE_S
    corrected = charger_at - timedelta(seconds=skew_s) if suspect else charger_at
    if corrected > received_at + AHEAD_TOLERANCE or corrected < received_at - OLDEST_QUEUE:
        return received_at, True
    return min(corrected, received_at), suspect


def is_live(charger_at: datetime | None, *, received_at: datetime, skew_s: int) -> bool:
    """Whether a reading says something of now: history from a flushed queue does not."""
    if charger_at is None:
        return True
    if charger_at > received_at + AHEAD_TOLERANCE and abs(skew_s) <= SKEW_TOLERANCE_S:
        return True  # nothing is measured in the future: the clock is wrong, the reading is new
    corrected = charger_at - timedelta(seconds=skew_s)
    return received_at - LIVE_WITHIN <= corrected


def skew_of(charger_at: datetime, *, received_at: datetime) -> int:
    """Seconds that the charger's clock is ahead of ours."""
    return round((charger_at - received_at).total_seconds())
