"""Which of two times to believe: the charger's clock or the moment of receipt. Pure.

Chargers send local time labelled Z, the year 1970, or a clock that is a day off; they also send true times of hours ago,
when a queue is flushed after an offline spell. The offset of live messages tells the two apart.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

AHEAD_TOLERANCE = timedelta(minutes=2)
SKEW_TOLERANCE_S = 120
OLDEST_QUEUE = timedelta(days=30)
LIVE_WITHIN = timedelta(seconds=90)
# A clock that is off, and of which no status tells, is known by readings that come as fast as it goes.
PACE_SHOWS_AFTER, PACE_LOST_AFTER = timedelta(seconds=15), timedelta(minutes=15)
PACE_TOLERANCE, PACE_TOLERANCE_SHARE = timedelta(seconds=2), 0.2
# As long as a date without a time, which says nothing of when.
ONLY_A_DATE = 10
SLOPPY = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[Tt_ ]\s*|\s+)(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?(?:[.,:](\d*))?"
    r"\s*(?:[Zz]|UTC|GMT)?\s*(?:([+-])(\d{1,2}):?(\d{2})?)?"
)
# Seconds or milliseconds since 1970, of this century.
EPOCH = re.compile(r"(?:\d{10}|\d{13})(?:\.\d{1,9})?")
FROM_MILLISECONDS = 1e12
MOST_ZONE_HOURS = 15


def parse_time(text: str | None) -> datetime | None:
    """RFC 3339, and what chargers make of it, to aware UTC; a time without a zone counts as UTC. None when it is no time at all."""
    if not text:
        return None
    try:
        if len(text) <= ONLY_A_DATE or text.isdecimal():
            return _sloppy(text)
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return _sloppy(text)
    if parsed.tzinfo is UTC:
        return parsed
    try:
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _sloppy(text: str) -> datetime | None:
    """Figures without their zeros, blanks around, names of zones, fractions of any length; and seconds since 1970."""
    text = text.strip()
    if EPOCH.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= FROM_MILLISECONDS else seconds, UTC)
    found = SLOPPY.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[at] or 0) for at in range(1, 7))
    micros = int((found[7] or "0").ljust(6, "0")[:6])
    try:
        parsed = datetime(year, month, day, hour, minute, min(second, 59), micros, tzinfo=UTC)
    except ValueError:
        return None
    sign, hours, minutes = found[8], int(found[9] or 0), int(found[10] or 0)
    if sign is None or hours > MOST_ZONE_HOURS:
        return parsed
    offset = timedelta(hours=hours, minutes=minutes)
    try:
        return parsed + offset if sign == "-" else parsed - offset
    except OverflowError:
        return None


def believable_time(
    charger_at: datetime | None, *, received_at: datetime, skew_s: int
) -> tuple[datetime, bool]:
    """The time to bill by, and whether the charger's clock is suspect."""
    if charger_at is None:
        return received_at, True
    suspect = abs(skew_s) > SKEW_TOLERANCE_S
    corrected = charger_at - timedelta(seconds=skew_s) if suspect else charger_at
    if corrected > received_at + AHEAD_TOLERANCE or corrected < received_at - OLDEST_QUEUE:
        return received_at, True
    return min(corrected, received_at), suspect


def own_span(
    begun_at: datetime | None, until: datetime | None, *, received_at: datetime, skew_s: int
) -> timedelta:
    """How long it was between two moments by the charger's clock; nothing where that clock was set in between.

    So it was where the later one is still to come, or where the span is longer than any queue is old.
    """
    if begun_at is None or until is None or until - timedelta(seconds=skew_s) > received_at + AHEAD_TOLERANCE:
        return timedelta(0)
    span = until - begun_at
    return span if timedelta(0) <= span <= OLDEST_QUEUE else timedelta(0)


def is_live(charger_at: datetime | None, *, received_at: datetime, skew_s: int) -> bool:
    """Whether a reading says something of now: history from a flushed queue does not."""
    if charger_at is None:
        return True
    if charger_at > received_at + AHEAD_TOLERANCE and abs(skew_s) <= SKEW_TOLERANCE_S:
        return True  # nothing is measured in the future: the clock is wrong, the reading is new
    corrected = charger_at - timedelta(seconds=skew_s)
    return received_at - LIVE_WITHIN <= corrected


class Pace(NamedTuple):
    """Since when a charger's times keep their distance to ours, and its newest time with the moment at which it came."""

    since: datetime
    received_at: datetime
    charger_at: datetime

    @property
    def is_kept(self) -> bool:
        """A flushed queue can't keep it up for so long, because it is sent in a hurry."""
        return self.received_at - self.since >= PACE_SHOWS_AFTER

    def then(self, charger_at: datetime, *, received_at: datetime) -> "Pace":
        passed, told = received_at - self.received_at, charger_at - self.charger_at
        drift = max(PACE_TOLERANCE, passed * PACE_TOLERANCE_SHARE)
        is_kept = passed <= PACE_LOST_AFTER and abs(told - passed) <= drift
        return Pace(self.since if is_kept else received_at, received_at, charger_at)


def skew_of(charger_at: datetime, *, received_at: datetime) -> int:
    """Seconds that the charger's clock is ahead of ours."""
    return round((charger_at - received_at).total_seconds())
