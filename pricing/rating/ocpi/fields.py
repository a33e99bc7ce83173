"""Reads single values of OCPI's JSON: generous in how they are written, and one sentence about what cannot be read."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Final

FIRST_YEAR, LAST_YEAR = 1970, 2199
# Far more than any money or meter needs, and few enough that exact fractions stay small.
MOST_DIGITS, MOST_EXPONENT = 40, 30
# OCPI's objects have seven levels, with an envelope nine.
MOST_DEPTH: Final = 40
MOST_BYTES: Final = 20 * 1024 * 1024

CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE | re.ASCII,
)
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


class UnreadableError(ValueError):
    """A sentence that names the field, the value and what would be read."""


def parse(text: bytes, *, name: str) -> Any:
    """The JSON of a file, numbers as they are written, names in snake_case."""
    if len(text) > MOST_BYTES:
        raise UnreadableError(f"{name} has {len(text) // 1_000_000} MB; at most 20 are read.")
    try:
        read = json.loads(
            text.decode("utf-8-sig"), parse_float=Decimal, parse_int=_whole, parse_constant=_refuse
        )
    except RecursionError as error:
        raise UnreadableError(f"{name} is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{name} is not UTF-8 text.") from error
    except (ValueError, InvalidOperation) as error:
        raise UnreadableError(f"{name} is not JSON: {error}") from error
    if _is_deep(read, MOST_DEPTH):
        raise UnreadableError(f"{name} is nested too deeply.")
    return _snake(read)


def _is_deep(value: Any, most: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return most < 0 or any(_is_deep(each, most - 1) for each in inner)


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number has more than {MOST_DIGITS} digits")
    return int(digits)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not a number of JSON")


def _snake(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake(each) for each in value]
    if not isinstance(value, dict):
        return value
    plain = {CAMEL.sub("_", key).lower(): _snake(each) for key, each in value.items()}
    return plain | {key: _snake(each) for key, each in value.items() if key in plain}


def cited(value: Any) -> str:
    """A value in a sentence, shortened."""
    written = json.dumps(value, default=str, ensure_ascii=False)
    return written if len(written) <= 60 else f"{written[:57]}..."


def objects(owner: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """The objects of a list; one alone counts as a list of it, and nothing as an empty one."""
    value: Any = owner.get(key)
    if value in NOTHING:
        return []
    listed: list[dict[str, Any]] = value if isinstance(value, list) else [value]
    for index, each in enumerate(listed):
        if not isinstance(each, dict):
            raise UnreadableError(f"{where}{key}[{index}] is {cited(each)}, and an object is expected.")
    return listed


def words(owner: Mapping[str, Any], key: str, where: str) -> list[str]:
    """Words of a list, or separated by commas, in capitals."""
    value = owner.get(key)
    if value in NOTHING:
        return []
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise UnreadableError(f"{where}{key} is {cited(value)}, and a list of words is expected.")
    return [each.strip().upper() for each in listed]


def word(owner: Mapping[str, Any], key: str) -> str:
    """A word in capitals; empty where there is none."""
    value = owner.get(key)
    return value.strip().upper() if isinstance(value, str) else ""


def text(owner: Mapping[str, Any], key: str) -> str:
    """Text or a number as it is written; empty where there is none."""
    value = owner.get(key)
    return str(value).strip() if isinstance(value, (str, int, Decimal)) else ""


def number(owner: Mapping[str, Any], key: str, where: str) -> Decimal | None:
    """A number, also one written as text."""
    value = owner.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise UnreadableError(f"{where}{key} is {cited(value)}, and a number is expected.")
    try:
        read = Decimal(value.strip() if isinstance(value, str) else value)
    except (InvalidOperation, ValueError) as error:
        raise UnreadableError(f"{where}{key} is {cited(value)}, and a number is expected.") from error
    digits, exponent = read.as_tuple().digits, read.as_tuple().exponent
    if not isinstance(exponent, int) or len(digits) > MOST_DIGITS or abs(exponent) > MOST_EXPONENT:
        raise UnreadableError(f"{where}{key} is {cited(value)}, which is no amount that is rated.")
    return read


def whole(owner: Mapping[str, Any], key: str, where: str) -> int | None:
    """A whole number of 0 or more."""
    read = number(owner, key, where)
    if read is None:
        return None
    if read < 0 or read != read.to_integral_value():
        raise UnreadableError(f"{where}{key} is {read}, and a whole number of 0 or more is expected.")
    return int(read)


def moment(owner: Mapping[str, Any], key: str, where: str) -> datetime | None:
    """A moment in UTC. One without a zone is in UTC, as OCPI says."""
    value = owner.get(key)
    if value is None or value == "":
        return None
    found = MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UnreadableError(
            f"{where}{key} is {cited(value)}, and a moment like 2026-05-01T17:00:00Z is expected."
        )
    year, month, day, hour, minute, second, part, zone = found.groups()
    try:
        wall = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((part or "0").ljust(6, "0")[:6]), _offset(zone),
        )  # fmt: skip
    except ValueError as error:
        raise UnreadableError(f"{where}{key} is {value}, which no calendar has.") from error
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        raise UnreadableError(f"{where}{key} is {value}; years from {FIRST_YEAR} to {LAST_YEAR} are rated.")
    return wall.astimezone(UTC)


def _offset(zone: str | None) -> timezone:
    if zone is None or zone.upper() == "Z":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))


def day_of(owner: Mapping[str, Any], key: str, where: str) -> date | None:
    """A date of the local calendar."""
    value = owner.get(key)
    if value is None or value == "":
        return None
    found = DAY.match(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UnreadableError(f"{where}{key} is {cited(value)}, and a date like 2026-12-24 is expected.")
    try:
        return date(*map(int, found.groups()))
    except ValueError as error:
        raise UnreadableError(f"{where}{key} is {cited(value)}, which no calendar has.") from error


def second_of_day(owner: Mapping[str, Any], key: str, where: str) -> int | None:
    """A time of the local day in seconds; 24:00 is the end of the day."""
    value = owner.get(key)
    if value is None or value == "":
        return None
    found = CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise UnreadableError(f"{where}{key} is {cited(value)}, and a time like 17:00 is expected.")
    hour, minute, second = (int(each or 0) for each in found.groups())
    at_s = hour * 3600 + minute * 60 + second
    if minute > 59 or second > 59 or at_s > 86_400:
        raise UnreadableError(f"{where}{key} is {value}, which no clock shows.")
    return at_s
