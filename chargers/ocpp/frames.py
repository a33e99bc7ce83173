"""OCPP-J frames: parsed strictly, refused in the specification's own words (OCPP-J 1.6 and 2.1, section 4)."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from chargers.reports.log import Correction

CALL = 2
CALL_RESULT = 3
CALL_ERROR = 4
# OCPP 2.1: a result of ours that can't be processed, and a message that nobody confirms.
CALL_RESULT_ERROR = 5
SEND = 6
# Some write the type as a text. Answers are read whatever they look like: not one of ours waits for its time-out then.
ANSWER_TYPES = {CALL_RESULT: CALL_RESULT, CALL_ERROR: CALL_ERROR, "3": CALL_RESULT, "4": CALL_ERROR}
# An answer that is no JSON, or cut off: its type and its id can be read.
BROKEN_ANSWER = re.compile(r"""\s*\ufeff?\s*\[\s*["']?([34])["']?\s*,\s*["']([^"']{1,255})["']""")
MAX_ID = 36
MAX_ECHOED_ID = 255
NO_ID = "-1"
# Of an error that names none (1.6J section 4.2.3).
NO_CODE = "GenericError"
# A frame that is no call at all, in OCPP 2's words. 1.6 has none for it.
NO_FRAME = "RpcFrameworkError"
# Whole numbers that every JSON implementation agrees on; more than any id or register.
MAX_WHOLE = 2**53
UNKNOWN_TYPE = "The answer has an unknown message type."
# Of a frame that is no call, for the log.
SHOWN = 1_000


class FrameError(Exception):
    """A frame that is answered with a CALLERROR."""

    def __init__(
        self,
        code: str,
        description: str,
        *,
        unique_id: str = NO_ID,
        action: str = "?",
        payload: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.unique_id = unique_id
        # What was refused, for the log.
        self.action = action
        self.payload = payload


class Call(NamedTuple):
    """`said` is the payload as it came, where it had to be corrected to be read."""

    unique_id: str
    action: str
    payload: dict[str, Any]
    said: dict[str, Any] | None = None
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class CallResult:
    """`payload` is None when it is no object, or holds what can't be stored."""

    unique_id: str
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CallError:
    unique_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class CallResultError:
    unique_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Send:
    unique_id: str
    action: str
    payload: dict[str, Any]


Frame = Call | CallResult | CallError | CallResultError | Send


def parse(text: str | None) -> Frame | None:
    """The frame, or None for what is to be ignored: unknown message types and answers to nothing."""
    if text is None:
        raise FrameError(NO_FRAME, "OCPP-J frames are text, not binary.")
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        broken = BROKEN_ANSWER.match(text)
        if broken is not None:
            return _broken_answer(int(broken[1]), broken[2])
        raise FrameError(
            NO_FRAME, f"This is not JSON: {error.msg}.", payload={"frame": text[:SHOWN]}
        ) from None
    if not isinstance(frame, list) or not frame:
        raise FrameError(
            NO_FRAME,
            "A frame is an array that begins with its message type.",
            payload={"frame": text[:SHOWN]},
        )
    if frame[0] in (CALL, str(CALL)):
        return _parse_call(frame, text)
    return _parse_aside(frame, text) or _parse_answer(frame, text)


def call(unique_id: str, action: str, payload: dict[str, Any]) -> str:
    return orjson.dumps([CALL, unique_id, action, payload]).decode()


def call_result(unique_id: str, payload: dict[str, Any]) -> str:
    return orjson.dumps([CALL_RESULT, unique_id, payload]).decode()


def call_result_error(unique_id: str, code: str, description: str) -> str:
    return orjson.dumps([CALL_RESULT_ERROR, unique_id, code, description[:255], {}]).decode()


def call_error(unique_id: str, code: str, description: str) -> str:
    return orjson.dumps([CALL_ERROR, unique_id, code, description[:255], {}]).decode()


def _parse_answer(frame: list[Any], text: str) -> CallResult | CallError | None:
    """Whoever answers has decided, however short or odd the frame is: only the id must be there."""
    kind = ANSWER_TYPES.get(frame[0]) if isinstance(frame[0], int | float | str) else None
    match frame:
        case [_, str(unique_id), *_] if kind is None:
            # Of no type that we know. If it has the id of a call, there will be no other answer.
            return CallError(unique_id, NO_CODE, UNKNOWN_TYPE)
        case [_, str(unique_id), *rest] if kind == CALL_RESULT:
            payload = rest[0] if rest else None
            # Nothing at all stands for an object without properties; the schema says whether it may be one.
            payload = {} if payload is None or payload == [] else payload
            is_fit = isinstance(payload, dict) and "\\u0000" not in text
            return CallResult(unique_id, payload if is_fit else None)
        case [_, str(unique_id), *rest] if kind == CALL_ERROR:
            # PostgreSQL can't store a NUL.
            words = [word.replace("\0", "") if isinstance(word, str) else "" for word in rest[:2]]
            code, description = (*words, "", "")[:2]
            return CallError(unique_id, code or NO_CODE, description)
    return None


def _parse_aside(frame: list[Any], text: str) -> CallResultError | Send | None:
    """What OCPP 2.1 added, and nobody answers. Neither NUL nor a longer id can be stored."""
    if "\\u0000" in text or len(str(frame[1:2])) > MAX_ID + len("['']"):
        return None
    match frame:
        case [5, str(unique_id), *rest]:
            code, description = (*[word if isinstance(word, str) else "" for word in rest[:2]], "", "")[:2]
            return CallResultError(unique_id, code or NO_CODE, description)
        case [6, str(unique_id), str(action), dict(payload)]:
            return Send(unique_id, action, payload)
    return None


def _broken_answer(kind: int, unique_id: str) -> CallResult | CallError:
    """It ends the call, and is no yes."""
    if kind == CALL_RESULT:
        return CallResult(unique_id, None)
    return CallError(unique_id, NO_CODE, "The error can't be read: it is no JSON.")


def out_of_range(payload: dict[str, Any]) -> str | None:
    """The name of a number that no database takes, if there is one."""
    for name, value in payload.items():
        if isinstance(value, int) and not -MAX_WHOLE <= value <= MAX_WHOLE:
            return name
    return None


def _parse_call(frame: list[Any], text: str) -> Call:
    unique_id = frame[1] if len(frame) > 1 else None
    action = frame[2] if len(frame) > 2 and isinstance(frame[2], str) else "?"
    payload = frame[3] if len(frame) > 3 else None
    told = payload if isinstance(payload, dict) else {"frame": text[:SHOWN]}
    if not isinstance(unique_id, str) or not unique_id or "\0" in unique_id:
        sentence = "The message id is missing or not a string."
        raise FrameError(NO_FRAME, sentence, action=action, payload=told)
    if len(unique_id) > MAX_ID:
        echoed = unique_id if len(unique_id) <= MAX_ECHOED_ID else NO_ID
        sentence = "A message id has at most 36 characters."
        raise FrameError(NO_FRAME, sentence, unique_id=echoed, action=action, payload=told)
    if len(frame) == 3 or (len(frame) == 4 and payload in (None, [])):
        # Some leave an empty payload out, or write it as null or as their language writes an empty list.
        payload = {}
    if len(frame) > 4 or not isinstance(payload, dict) or not (len(frame) > 2 and isinstance(frame[2], str)):
        sentence = "A call is [2, id, action, {payload}]."
        raise FrameError("FormationViolation", sentence, unique_id=unique_id, action=action, payload=told)
    if "\\u0000" in text:
        # PostgreSQL can't store it; a charger that learns this does not send it again.
        sentence = "A text contains a NUL character."
        raise FrameError(
            "PropertyConstraintViolation", sentence, unique_id=unique_id, action=action, payload=told
        )
    return Call(unique_id, frame[2], payload)
