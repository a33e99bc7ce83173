"""Values of a provider, made ours or nothing: a car that tells nonsense tells nothing."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from evbalancer.common.plain import printable
from fleet.enums import PlugState

KM_PER_MILE: Final = 1.609344
# No car told anything to a server before: a clock that was never set, or a time that was never filled in.
EARLIEST: Final = datetime(2010, 1, 1, tzinfo=UTC)
ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def moment(values: Iterable[Any], *, now: datetime) -> datetime | None:
    """The first of these that is a time: milliseconds since 1970, or ISO 8601, UTC where it names no zone. Never the future."""
    for value in values:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                found = datetime.fromtimestamp(value / 1000, UTC)
            elif isinstance(value, str):
                found = datetime.fromisoformat(value.strip())
            else:
                continue
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            if found >= EARLIEST:
                return min(found, now).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def whole(value: Any, factor: float, *, most: int = 2_000_000) -> int | None:
    """`value * factor`, rounded; None for what is no number, negative, or above `most`."""
    # Compared first: a whole number of hundreds of digits fits into no float.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        return None
    number = round(value * factor)
    return number if 0 <= number <= most else None


def km(value: Any, *, is_miles: bool) -> int | None:
    return whole(value, KM_PER_MILE if is_miles else 1)


def degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)


def is_id(text: str) -> bool:
    """Of a car or a user: it goes into addresses, headers and our columns."""
    return ID.fullmatch(text) is not None


def label(value: Any) -> str:
    """A make or a model."""
    return printable(str(value or "")).strip()


def year_of(value: Any) -> int | None:
    """The year a car was made in; None for what is none."""
    text = str(value)
    return int(text) if len(text) == len("2026") and text.isascii() and text.isdigit() else None


def plug_state(value: Any) -> PlugState:
    if not isinstance(value, bool):
        return PlugState.UNKNOWN
    return PlugState.PLUGGED if value else PlugState.UNPLUGGED
