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
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connections

from evbalancer.common.locks import ClusterBusy
from scheduling.domain.rebalance import rebalance
from scheduling.enums import RunTrigger
from scheduling.solver.warm_up import warm_up

logger = logging.getLogger(__name__)

# Many events come in one breath (a boot storm, a commit of fifty meter values): one rebalance answers them all.
GATHER_S = 0.1
# The answers to a run's limits come one by one, and each asks for another run. Between two the sockets get the processor, or
# the answers themselves would be late; a cut of the same cluster waits that much longer at most.
REST_PER_S, LONGEST_REST_S = 2.0, 2.0
# For a cluster that somebody has locked, while all others wait.
PATIENCE = timedelta(milliseconds=250)


class Lane(Enum):
    """What keeps each other waiting: a cut waits for the rebalance that runs, and for nothing else."""

    BALANCER = "balancer"
    CHORES = "chores"
    # They wait for others: providers, mail servers, drivers' own addresses.
    SLOW = "slow-jobs"


@dataclass(frozen=True, slots=True)
class Job:
    """A domain function of `now` that is due every so often, and the thread that it runs in.

    With `over` it is called for each of those ids, and what else waits for the thread has its turn in between.
    """

    name: str
    every_s: float
    run: Callable[..., object]
    lane: Lane = Lane.CHORES
    over: Callable[[], Sequence[UUID]] | None = None


class Scheduler:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._threads = {
            lane: ThreadPoolExecutor(max_workers=1, thread_name_prefix=lane.value) for lane in Lane
        }
        # Who waits to be balanced, in the order in which they asked.
        self._dirty: dict[UUID, None] = {}
        # Balanced just now; whoever keeps the balancer busy rests, the others are served meanwhile.
        self._resting: set[UUID] = set()
        self._rest_until_s = 0.0
        self._rest_ends: asyncio.TimerHandle | None = None
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop = asyncio.get_running_loop()
        # Where the kernels are compiled, the first time takes seconds: before the first car, not at it.
        self._threads[Lane.BALANCER].submit(warm_up)
        self._tasks = [asyncio.create_task(self._repeat(job), name=job.name) for job in self._jobs]
        self._tasks.append(asyncio.create_task(self._answer_wakes(), name="balancer"))

    async def stop(self) -> None:
        """End what waits, let what writes finish."""
        for task in self._tasks:
            task.cancel()
        if self._rest_ends is not None:
            self._rest_ends.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for thread in self._threads.values():
            thread.submit(connections.close_all)
            thread.shutdown(wait=True)

    def wake(self, cluster_id: UUID) -> None:
        """Balance this cluster soon. Called after commit, in any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, cluster_id)

    def _note(self, cluster_id: UUID) -> None:
        self._dirty.pop(cluster_id, None)
        self._dirty[cluster_id] = None
        self._woken.set()

    async def _answer_wakes(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_S)
            self._woken.clear()
            while (cluster_id := self._next()) is not None:
                del self._dirty[cluster_id]
                began_s = time.monotonic()
                await self._in_thread("rebalance", partial(self._answer, cluster_id), lane=Lane.BALANCER)
                self._rest(cluster_id, took_s=time.monotonic() - began_s)

    def _next(self) -> UUID | None:
        """Whoever asked last comes first, once before anybody rests: a cut waits for the run that has begun, not for a storm."""
        return next((each for each in reversed(self._dirty) if each not in self._resting), None)

    def _rest(self, cluster_id: UUID, *, took_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._resting.add(cluster_id)
        begins_s = max(self._rest_until_s, loop.time())
        self._rest_until_s = min(begins_s + REST_PER_S * took_s, loop.time() + LONGEST_REST_S)
        if self._rest_ends is not None:
            self._rest_ends.cancel()
        self._rest_ends = loop.call_at(self._rest_until_s, self._end_rest)

    def _end_rest(self) -> None:
        self._resting.clear()
        if self._dirty:
            self._woken.set()

    def _answer(self, cluster_id: UUID, *, now: datetime) -> None:
        try:
            rebalance(cluster_id, now=now, trigger=RunTrigger.EVENT, patience=PATIENCE)
        except ClusterBusy:
            # Whoever has locked it keeps no other cluster waiting; it comes to its turn again with the next ones.
            self.wake(cluster_id)

    async def _repeat(self, job: Job) -> None:
        while True:
            if job.over is None:
                await self._in_thread(job.name, job.run, lane=job.lane)
            else:
                for one in await self._in_thread(job.name, partial(_ids, job.over)) or ():
                    await self._in_thread(job.name, partial(job.run, one), lane=job.lane)
            await asyncio.sleep(job.every_s)

    async def _in_thread(self, name: str, run: Callable[..., Any], *, lane: Lane = Lane.CHORES) -> Any:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(RuntimeError):  # the executor was shut down while we waited
            return await loop.run_in_executor(self._threads[lane], _guarded, name, run)


def balance_on_beat(cluster_id: UUID, *, now: datetime) -> None:
    """One of many: what somebody else has locked has its turn with the next beat."""
    with contextlib.suppress(ClusterBusy):
        rebalance(cluster_id, now=now, patience=PATIENCE)


def _ids(over: Callable[[], Sequence[UUID]], *, now: datetime) -> Sequence[UUID]:
    return over()


def _guarded(name: str, run: Callable[..., Any]) -> Any:
    close_old_connections()
    try:
        return run(now=datetime.now(UTC))
    except Exception:
        # A job that fails is due again soon; the others must go on.
        logger.exception("Job %s failed", name)
        return None
