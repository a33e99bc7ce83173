"""An OpenADR 3 event as the limits it asks for, interval by interval (OpenADR 3.0 and 3.1: definition, user guide 7.3)."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import isodate
import orjson
from django.utils.dateparse import parse_date, parse_datetime

from evbalancer.common.plain import printable
from grid.openadr.units import Amount, UnknownUnit, amount_of

CAPACITY = ("IMPORT_CAPACITY_LIMIT", "DISPATCH_SETPOINT")
SIMPLE = "SIMPLE"
# The specification's words for a beginning that is now (3.0, 3.1) and for an interval without an end.
NOW = ("0000-00-00", "0001-01-01")
FOR_EVER = "P9999Y"
MOST_INTERVALS = 500


class UnreadableEvent(ValueError):  # noqa: N818 (named for what it is)
    """Not what the specification describes; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Ask:
    """An amount for the whole connection, or a level from 1 to 3. `until` None: until the event is changed."""

    event_id: str
    key: str
    begin: datetime
    until: datetime | None
    amount: Amount | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """One interval's time. `until` None: without an end."""

    event_id: str
    key: str
    begin: datetime
    until: datetime | None
    payloads: Any


@dataclass(slots=True)
class EventReading:
    """What could be read of an event, and a sentence for each interval that could not."""

    asks: list[Ask] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def plain(text: str) -> str:
    """What a node writes, with a mark where something can't be shown."""
    return printable(text, instead="\ufffd")


def id_of(event: Any) -> str:
    """Raises UnreadableEvent."""
    found = event.get("id") if isinstance(event, Mapping) else None
    if not isinstance(found, str) or not 0 < len(found) <= 128:
        raise UnreadableEvent("it has no id")
    if not found.isprintable():
        raise UnreadableEvent("its id holds characters that can't be stored")
    return found


def digest_of(event: Mapping[str, Any]) -> str:
    """Changes with what the event asks for and when, not with its name, targets or modification date."""
    asked = [event.get(name) for name in ("intervalPeriod", "intervals", "duration", "payloadDescriptors")]
    try:
        return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except TypeError as error:
        raise UnreadableEvent(
            "it holds a number that is too long, or characters that can't be stored"
        ) from error


def lacks_units(event: Any) -> bool:
    """Whether the event limits power in units that it does not name; its program may."""
    if not isinstance(event, Mapping):
        return False
    asked = {
        str(payload.get("type"))
        for interval in _mappings(event.get("intervals"))
        for payload in _mappings(interval.get("payloads"))
    }
    named = units_of(event.get("payloadDescriptors"))
    return any(kind in asked and kind not in named for kind in CAPACITY)


def units_of(descriptors: Any) -> dict[str, str]:
    """Units by payload type, of an event's or a program's payload descriptors; types without units are left out."""
    return {
        str(each.get("payloadType")): str(each["units"])
        for each in _mappings(descriptors)
        if each.get("units")
    }


def _mappings(found: Any) -> Iterator[Mapping[str, Any]]:
    """Those of a list that can be read, or the only one where no list was made of it."""
    rows = [found] if isinstance(found, Mapping) else found if isinstance(found, list) else []
    yield from (each for each in rows if isinstance(each, Mapping))


def read_event(
    event: Mapping[str, Any], *, first_seen_at: datetime, now: datetime, program_units: Mapping[str, str]
) -> EventReading:
    """What the event asks for around `now`. Its own "now" is the moment when it was first seen.

    One unreadable interval does not discard the others. Raises UnreadableEvent where nothing can be read.
    """
    units = {**program_units, **units_of(event.get("payloadDescriptors"))}
    reading = EventReading()
    for window in _repeated(event, _windows(event, first_seen_at, reading.troubles), now=now):
        try:
            reading.asks += _asks(window, units)
        except (UnreadableEvent, UnknownUnit) as error:
            reading.troubles.append(str(error))
        except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError):
            reading.troubles.append("an interval's payload can't be read")
    return reading


def _windows(event: Mapping[str, Any], first_seen_at: datetime, troubles: list[str]) -> list[Window]:
    usual = _mapping(event.get("intervalPeriod"))
    event_id = id_of(event)
    version = plain(str(event.get("modificationDateTime") or event.get("createdDateTime") or "")[:64])
    intervals = event.get("intervals")
    if not isinstance(intervals, list) or len(intervals) > MOST_INTERVALS:
        raise UnreadableEvent(f"its intervals are no list of at most {MOST_INTERVALS}")
    found: list[Window] = []
    follows: datetime | None = None
    if usual:
        follows = _moment(usual.get("start")) or first_seen_at
    for number, interval in enumerate(intervals):
        try:
            own = _mapping(_mapping(interval).get("intervalPeriod"))
            # The first one begins with the event or, where only the interval has a time, when it is first seen.
            usual_begin = follows or (first_seen_at if number == 0 and own else None)
            begin = _begin(own, usual_begin)
            until = _end(begin, own.get("duration", usual.get("duration")))
        except UnreadableEvent as error:
            troubles.append(str(error))
            follows = None
            continue
        key = f"{event_id}/{version}/{number}"
        found.append(Window(event_id, key, begin, until, interval.get("payloads")))
        follows = until
    return found


def _repeated(event: Mapping[str, Any], windows: Sequence[Window], *, now: datetime) -> Iterator[Window]:
    """The intervals cut off, or repeated, to fill the event's own duration (3.1); of repetitions the present and the next."""
    length = event.get("duration")
    if not length or not windows:
        yield from windows
        return
    begin = windows[0].begin
    over = _end(begin, length)
    last = windows[-1].until
    times = 1
    span = timedelta(0)
    if last is not None and last > begin and (over is None or over > last):
        span = last - begin
        times = 2
    first = max(0, (now - begin) // span) if span else 0
    for turn in range(first, first + times):
        for window in windows:
            shifted = _shifted(window, turn, span) if turn else window
            if over is None:
                yield shifted
            elif shifted.begin < over:
                yield replace(shifted, until=min(shifted.until or over, over))


def _shifted(window: Window, turn: int, span: timedelta) -> Window:
    by = turn * span
    until = window.until + by if window.until is not None else None
    return replace(window, key=f"{window.key}+{turn}", begin=window.begin + by, until=until)


def _asks(window: Window, units: Mapping[str, str]) -> Iterator[Ask]:
    if window.until == window.begin:
        return  # user guide 7.9: a duration of nothing cancels
    for payload in window.payloads:
        kind, values = payload["type"], payload["values"]
        if kind in CAPACITY:
            amounts = [amount_of(_number(value), units.get(kind)) for value in values]
            if not amounts:
                raise UnreadableEvent(f"a {kind} has no value")
            for number, (begin, until) in enumerate(_parts(window, len(amounts))):
                suffix = f".{number}" if number else ""
                key = f"{window.key}/{kind}{suffix}"
                yield Ask(window.event_id, key, begin, until, amount=amounts[number])
        elif kind == SIMPLE and (level := int(_number(values[0]))) > 0:
            key = f"{window.key}/{SIMPLE}"
            yield Ask(window.event_id, key, window.begin, window.until, level=min(3, level))


def _parts(window: Window, count: int) -> Iterator[tuple[datetime, datetime | None]]:
    """User guide 7.3: several values share an interval's time evenly. Without an end all of them hold at once."""
    if window.until is None:
        yield from [(window.begin, None)] * count
        return
    share = (window.until - window.begin) / count
    for number in range(count):
        yield window.begin + number * share, window.begin + (number + 1) * share


def _number(value: Any) -> float:
    found = float(value) if not isinstance(value, bool) else math.nan
    if not math.isfinite(found):
        raise UnreadableEvent("a value is no number")
    return found


def _mapping(found: Any) -> Mapping[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise UnreadableEvent("an interval's period can't be read")
    return found


def _begin(period: Mapping[str, Any], usual: datetime | None) -> datetime:
    begin = _moment(period.get("start")) or usual
    if begin is None:
        raise UnreadableEvent("an interval follows one that has no end or can't be read")
    return begin


def _moment(start: Any) -> datetime | None:
    """None where none is said, and for the specification's beginning of time."""
    text = str(start or "")
    if not text or text.startswith(NOW):
        return None
    try:
        day = parse_date(text)
        found = parse_datetime(text) if day is None else datetime.combine(day, time.min)
    except ValueError:
        found = None
    if found is None:
        raise UnreadableEvent(f'"{text[:40]}" is no time')
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _end(begin: datetime, length: Any) -> datetime | None:
    """By ISO 8601, whose years and months are those of the calendar. None: without an end."""
    if length is None or str(length) in {"", FOR_EVER}:
        return None
    try:
        lasts = isodate.parse_duration(str(length))
    except (ValueError, ArithmeticError) as error:
        raise UnreadableEvent(f'"{str(length)[:40]}" is no duration') from error
    try:
        until: datetime = begin + lasts
    except (ValueError, OverflowError):
        return None  # beyond the calendar
    if until < begin:
        raise UnreadableEvent(f'"{str(length)[:40]}" is below nothing')
    return until
