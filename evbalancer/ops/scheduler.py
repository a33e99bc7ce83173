"""The in-process scheduler: the embedded default's worker and beat in one, on the server's own loop.

It calls the same domain functions that the Celery tasks wrap. Database work runs in one thread of its own, so a slow
job delays no socket, and a rebalance that an event asks for runs within a moment of the event's commit.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from django.db import close_old_connections, connections

from scheduling.domain.rebalance import rebalance
from scheduling.enums import RunTrigger
from scheduling.solver.warm_up import warm_up

logger = logging.getLogger(__name__)

# Many events come in one breath (a boot storm, a commit of fifty meter values): one rebalance answers them all.
GATHER_S = 0.1
# The answers to a run's limits come one by one, and each asks for another run. Between two the sockets get the processor, or
# the answers themselves would be late; a cut waits that much longer at most.
REST_PER_S, LONGEST_REST_S = 2.0, 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """A domain function of `now` that is due every so often. `slow` jobs wait for others (providers) in a thread of their own."""

    name: str
    every_s: float
    run: Callable[..., object]
    slow: bool = False


class Scheduler:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._threads = {
            slow: ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-jobs" if slow else "balancer")
            for slow in (False, True)
        }
        self._dirty: set[UUID] = set()
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop = asyncio.get_running_loop()
        # Where the kernels are compiled, the first time takes seconds: before the first car, not at it.
        self._threads[False].submit(warm_up)
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]
        self._tasks.append(asyncio.create_task(self._answer_wakes(), name="balancer"))

    async def stop(self) -> None:
        """End what waits, let what writes finish."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in self._threads.values():
            thread.submit(connections.close_all)
            thread.shutdown(wait=True)

    def wake(self, cluster_id: UUID) -> None:
        """Balance this cluster soon. Called after commit, in any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, cluster_id)

    def _note(self, cluster_id: UUID) -> None:
        self._dirty.add(cluster_id)
        self._woken.set()

    async def _answer_wakes(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_S)
            self._woken.clear()
            dirty, self._dirty = self._dirty, set()
            began_s = time.monotonic()
            for cluster_id in dirty:
                await self._in_thread(
                    "rebalance",
                    partial(rebalance, cluster_id, trigger=RunTrigger.EVENT),
                )
            took_s = time.monotonic() - began_s
            await asyncio.sleep(min(REST_PER_S * took_s, LONGEST_REST_S))

    async def _repeat(self, job: Job) -> None:
        while True:
            await self._in_thread(job.name, job.run, slow=job.slow)
            await asyncio.sleep(job.every_s)

    async def _in_thread(self, name: str, run: Callable[..., object], *, slow: bool = False) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(RuntimeError):  # the executor was shut down while we waited
            await loop.run_in_executor(self._threads[slow], _guarded, name, run)


def _guarded(name: str, run: Callable[..., object]) -> None:
    close_old_connections()
    try:
        run(now=datetime.now(UTC))
    except Exception:
        # A job that fails is due again soon; the others must go on.
        logger.exception("Job %s failed", name)
