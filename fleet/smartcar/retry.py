"""Retry-After in every form that was seen: seconds, seconds as text, an HTTP date, nonsense, nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=31)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """How long to wait, at most a month; None when the header is absent or unreadable."""
    return parse(headers.get("Retry-After"), now=now)


def parse(value: object, *, now: datetime) -> timedelta | None:
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    wait: timedelta | None
    try:
        wait = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        wait = _until(text, now=now)
    return min(max(wait, timedelta(0)), LONGEST) if wait is not None else None


def _until(text: str, *, now: datetime) -> timedelta | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
