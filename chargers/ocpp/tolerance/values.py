"""Single values: what a text, a number or a yes and no may be made of. `Unreadable` where it would be a guess."""

import hashlib
import math
import re
from typing import Any

import orjson

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
# Whole numbers that every JSON implementation agrees on.
MOST_WHOLE = 2**53
LONGEST_NUMBER = 40
YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
DIGEST_CHARACTERS = 9


class Unreadable(Exception):  # noqa: N818 (named for what happened)
    """Nobody can tell what was meant."""


def as_text(value: Any) -> str:
    """Numbers and truths become text; of other things only what they are in JSON is known."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return orjson.dumps(value).decode()


def as_number(value: Any) -> float:
    if isinstance(value, bool) or value is None:
        raise Unreadable
    if isinstance(value, str):
        text = value.strip()
        # With a comma nobody knows whether it divides thousands or begins a fraction.
        if len(text) > LONGEST_NUMBER or not NUMBER.fullmatch(text):
            raise Unreadable
        value = float(text) if any(sign in text for sign in ".eE") else int(text)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise Unreadable
    return value


def as_whole(value: Any) -> int:
    """Fractions are rounded: chargers send registers with them, where OCPP has whole watt-hours."""
    number = as_number(value)
    if not -MOST_WHOLE <= number <= MOST_WHOLE:
        raise Unreadable
    return round(number)


def as_truth(value: Any) -> bool:
    word = as_text(value).strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Unreadable


def shortened_identifier(text: str, longest: int) -> str:
    """Cut, two identifiers could become one; so their end is a digest of the whole."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return f"{text[: longest - DIGEST_CHARACTERS]}{digest}"
