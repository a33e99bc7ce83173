"""Lives side by side: each in a process of its own, forked from this one with its database in memory."""

import multiprocessing
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.connection import Connection

from django.db import connection

from evbalancer.life.plan import Plan
from evbalancer.life.play import Report, live

FORK = multiprocessing.get_context("fork")


class LifeFailedError(RuntimeError):
    """The life ended with an exception; its traceback is the message."""


def live_apart(
    plan: Plan, *, to_first: bool, within: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Report:
    """As `live` does, inside of what `within` makes. This process and its database stay as they are."""
    if "memory" not in str(connection.settings_dict["NAME"]):
        raise RuntimeError(
            "Lives are only kept apart with SQLite in memory: set DATABASE_URL=sqlite://:memory:"
        )
    ours, theirs = FORK.Pipe(duplex=False)
    child = FORK.Process(
        target=_live_and_send, args=(theirs, plan), kwargs={"to_first": to_first, "within": within}
    )
    child.start()
    theirs.close()
    try:
        told = ours.recv()
    except EOFError:
        child.join()
        raise LifeFailedError(f"the process of the life ended with {child.exitcode}") from None
    child.join()
    if isinstance(told, str):
        raise LifeFailedError(told)
    report: Report = told
    return report


def _live_and_send(
    pipe: Connection,
    plan: Plan,
    *,
    to_first: bool,
    within: Callable[[], AbstractContextManager[object]],
) -> None:
    try:
        with within():
            pipe.send(live(plan, to_first=to_first))
    except Exception:  # noqa: BLE001 (told to the process that asked)
        pipe.send(traceback.format_exc())
