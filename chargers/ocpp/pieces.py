"""Calls that carry a list, in pieces that their charge point takes: it says how many entries, and how many bytes. Pure.

OCPP 1.6 section 9 (GetConfigurationMaxKeys, SendLocalListMaxLength); 2.0.1 part 2, ItemsPerMessage and BytesPerMessage.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from chargers.ocpp import frames
from chargers.ocpp.protocol import Division, Payload, Request

# As long as every message id of ours.
ANY_ID = str(UUID(int=0))
# 2.0.1 B05.FR.11 and 12, B06.FR.16 and 17: the first are for too many entries, the last for too many bytes.
REFUSED_AS_TOO_LONG = ("OccurenceConstraintViolation", "OccurrenceConstraintViolation", "FormatViolation")
# OCPP 2's reasons beside a status (part 2, appendix of standardized reason codes).
TOO_LONG = ("TooManyElements", "TooLargeElement")
YES = "Accepted"


class Bounds(NamedTuple):
    """None where the charge point says nothing."""

    items: int | None = None
    bytes: int | None = None


def count_items(request: Request, division: Division | None) -> int:
    """How many entries could go apart; 0 for a call that can't be divided."""
    return 0 if division is None else len(request.payload.get(division.items, ()))


def divide(request: Request, division: Division, bounds: Bounds) -> Iterator[Request]:
    """The calls that together say what the request says. What is too long with one entry goes as it is."""
    entries: Sequence[Any] = request.payload[division.items]
    at = number = 0
    while at < len(entries):
        count = len(entries) - at if bounds.items is None else min(bounds.items, len(entries) - at)
        piece = _piece(request, division, at, count, number)
        while count > 1 and bounds.bytes is not None and length_of(piece) > bounds.bytes:
            count = max(1, min(count - 1, count * bounds.bytes // length_of(piece)))
            piece = _piece(request, division, at, count, number)
        yield piece
        at, number = at + count, number + 1


def is_too_long(answer: frames.CallResult | frames.CallError) -> bool:
    """Whether a call was refused because it carries too much."""
    if isinstance(answer, frames.CallError):
        return answer.code in REFUSED_AS_TOO_LONG
    why = (answer.payload or {}).get("statusInfo")
    return isinstance(why, dict) and why.get("reasonCode") in TOO_LONG


def merge(answers: Sequence[Payload]) -> Payload:
    """The pieces' answers as one: their lists joined, and of all else a yes before what is none."""
    merged = dict(next((one for one in answers if one.get("status") == YES), answers[-1]))
    for answer in answers:
        for name, value in answer.items():
            if isinstance(value, list):
                merged[name] = [entry for one in answers for entry in one.get(name, ())]
    return merged


def _piece(request: Request, division: Division, at: int, count: int, number: int) -> Request:
    payload = {**request.payload, division.items: request.payload[division.items][at : at + count]}
    if division.version:
        payload[division.version] += number
        if number:
            payload[division.update] = "Differential"
    return Request(request.action, payload)


def length_of(request: Request) -> int:
    return len(frames.call(ANY_ID, request.action, request.payload).encode())
