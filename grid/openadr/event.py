"""An OpenADR 3 event as the limits it asks for, interval by interval (OpenADR 3.0 definition, event and interval)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime, parse_duration

CAPACITY = ("IMPORT_CAPACITY_LIMIT", "DISPATCH_SETPOINT")
SIMPLE = "SIMPLE"
UNITS_W = {"W": 1, "KW": 1_000, "MW": 1_000_000}
# The specification's words for a beginning that is now (3.0, 3.1) and for an interval without an end.
NOW = ("0000-00-00", "0001-01-01")
FOR_EVER = "P9999Y"
MOST_INTERVALS = 500


class UnreadableEvent(ValueError):  # noqa: N818 (named for what it is)
    """Not what the specification describes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Either watts of the whole connection, or a level from 1 to 3. `until` None: until the event is changed."""

    key: str
    begin: datetime
    until: datetime | None
    power_w: int | None = None
    level: int | None = None


def id_of(event: Any) -> str:
    """Raises UnreadableEvent."""
    found = event.get("id") if isinstance(event, Mapping) else None
    if not isinstance(found, str) or not 0 < len(found) <= 128:
        raise UnreadableEvent
    return found


def asks_of(event: Any, *, now: datetime) -> list[Ask]:
    """What the event asks for, payloads of other types left out. Raises UnreadableEvent."""
    try:
        return list(_asks(event, now=now))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise UnreadableEvent from error


def _asks(event: Mapping[str, Any], *, now: datetime) -> Iterator[Ask]:
    scale_w = _unit(event.get("payloadDescriptors") or ())
    begin, length = _period(event.get("intervalPeriod"), now=now)
    version = str(event.get("modificationDateTime") or event.get("createdDateTime") or "")[:64]
    intervals = event["intervals"]
    if not isinstance(intervals, list) or len(intervals) > MOST_INTERVALS:
        raise UnreadableEvent
    for number, interval in enumerate(intervals):
        if interval.get("intervalPeriod"):
            begin, length = _period(interval["intervalPeriod"], now=now)
        if begin is None:
            raise UnreadableEvent
        until = None if length is None else begin + length
        key = f"{id_of(event)}/{version}/{number}"
        for payload in interval["payloads"]:
            if payload["type"] in CAPACITY:
                value = float(payload["values"][0])
                if not math.isfinite(value):
                    raise UnreadableEvent
                yield Ask(f"{key}/{payload['type']}", begin, until, power_w=max(0, int(value * scale_w)))
            elif payload["type"] == SIMPLE and (level := int(payload["values"][0])) > 0:
                yield Ask(f"{key}/{SIMPLE}", begin, until, level=min(3, level))
        # Without a period of its own an interval follows the one before.
        begin = until if until is not None else begin


def _unit(descriptors: Sequence[Mapping[str, Any]]) -> int:
    named = [each.get("units") for each in descriptors if each.get("payloadType") in CAPACITY]
    return UNITS_W[named[0]] if named and named[0] else UNITS_W["KW"]


def _period(period: Mapping[str, Any] | None, *, now: datetime) -> tuple[datetime | None, timedelta | None]:
    if not period:
        return None, None
    text, length = str(period["start"]), period.get("duration")
    begin = now if text.startswith(NOW) else parse_datetime(text)
    if begin is None:
        raise UnreadableEvent
    begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    if length in {None, "", FOR_EVER}:
        return begin, None
    lasts = parse_duration(str(length))
    if lasts is None or lasts <= timedelta(0):
        raise UnreadableEvent
    return begin, lasts
