"""Lives side by side: each in a process of its own, forked from this one, with a copy of its empty database."""

import multiprocessing
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

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
    told, child = _begin(plan, to_first=to_first, within=within)
    return _end(told, child)


def live_all(plans: Iterable[Plan], *, jobs: int) -> Iterator[tuple[Plan, Report | LifeFailedError]]:
    """Each plan's report as it comes, so many at once."""
    waiting = iter(plans)
    running: dict[Connection, tuple[Plan, BaseProcess]] = {}
    while True:
        for plan in islice(waiting, jobs - len(running)):
            told, child = _begin(plan, to_first=False, within=nullcontext)
            running[told] = plan, child
        if not running:
            return
        ready = wait(list(running))
        for told in [each for each in running if each in ready]:
            plan, child = running.pop(told)
            try:
                yield plan, _end(told, child)
            except LifeFailedError as failure:
                yield plan, failure


def _begin(
    plan: Plan, *, to_first: bool, within: Callable[[], AbstractContextManager[object]]
) -> tuple[Connection, BaseProcess]:
    if connection.vendor != "sqlite":
        connection.creation.clone_test_db(str(plan.seed), autoclobber=True, verbosity=0)
        # A socket is not for two processes.
        connection.close()
    elif "memory" not in str(connection.settings_dict["NAME"]):
        raise RuntimeError("Lives are only kept apart in memory or on a PostgreSQL server: use --database")
    ours, theirs = FORK.Pipe(duplex=False)
    child = FORK.Process(
        target=_live_and_send, args=(theirs, plan), kwargs={"to_first": to_first, "within": within}
    )
    child.start()
    theirs.close()
    return ours, child


def _end(told: Connection, child: BaseProcess) -> Report:
    try:
        answer: Report | str = told.recv()
    except EOFError:
        child.join()
        raise LifeFailedError(f"the process of the life ended with {child.exitcode}") from None
    finally:
        told.close()
    child.join()
    if isinstance(answer, str):
        raise LifeFailedError(answer)
    return answer


def _live_and_send(
    pipe: Connection,
    plan: Plan,
    *,
    to_first: bool,
    within: Callable[[], AbstractContextManager[object]],
) -> None:
    try:
        with _own_copy(plan), within():
            pipe.send(live(plan, to_first=to_first))
    except Exception:  # noqa: BLE001 (told to the process that asked)
        pipe.send(traceback.format_exc())


@contextmanager
def _own_copy(plan: Plan) -> Iterator[None]:
    """The fork has copied what is in memory; on a server, a database was copied for it."""
    if connection.vendor == "sqlite":
        yield
        return
    connection.settings_dict.update(connection.creation.get_test_db_clone_settings(str(plan.seed)))
    try:
        yield
    finally:
        connection.creation.destroy_test_db(verbosity=0)
