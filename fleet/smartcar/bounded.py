"""Calls that end in time, whatever the library below thinks of time-outs (the SDK waits 310 s)."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from fleet.smartcar.gateway import GatewayError

CALL_S = 15.0
MOST_AT_ONCE = 32

T = TypeVar("T")
_room = BoundedSemaphore(MOST_AT_ONCE)


def bounded(call: Callable[[], T], *, seconds: float | None = None) -> T:
    """The call's answer or error. Raises GatewayError when it takes longer, or when too many already hang.

    A call that is given up goes on in a daemon thread until its own time-out; it holds nothing of ours.
    """
    room = _room
    if not room.acquire(blocking=False):
        raise GatewayError("Too many calls to the provider hang already")
    limit_s = CALL_S if seconds is None else seconds
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()
    Thread(target=_run, args=(call, answers, room), name="provider-call", daemon=True).start()
    try:
        answer, error = answers.get(timeout=limit_s)
    except Empty:
        raise GatewayError(f"No answer within {limit_s:g} s") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]  # no error, so it is the call's own answer


def _run(
    call: Callable[[], T],
    answers: "SimpleQueue[tuple[T | None, BaseException | None]]",
    room: BoundedSemaphore,
) -> None:
    try:
        answers.put((call(), None))
    except Exception as error:  # noqa: BLE001 (handed to the caller's thread)
        answers.put((None, error))
    finally:
        room.release()
