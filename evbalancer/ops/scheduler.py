"""The in-process scheduler: the embedded default's worker and beat in one, on the server's own loop.

It runs the rows of the table of periodic work, and answers wakes of the balancer. Database work runs in one thread a lane, so a
slow job delays no socket, and a rebalance that an event asks for runs within a moment of the event's commit.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import close_old_connections, connections

from evbalancer.common.db.locks import ClusterBusy
from evbalancer.common.waking import WakeQueue
from evbalancer.ops.periodic import PATIENCE, Lane, Row
from scheduling.domain.balancing.rebalance import share_power
from scheduling.enums import RunTrigger
from scheduling.solver.warm_up import warm_up

logger = logging.getLogger(__name__)


def _thread(lane: Lane) -> Executor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=lane.value)


class Scheduler:
    def __init__(
        self, rows: Sequence[Row], *, stand_in: str = "", make_thread: Callable[[Lane], Executor] = _thread
    ) -> None:
        """`stand_in` names this process where it balances in place of workers."""
        self._rows = rows
        self._stand_in = stand_in
        self._threads = {lane: make_thread(lane) for lane in Lane}
        self._wakes: WakeQueue | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin on the running loop."""
        # Where the kernels are compiled, the first time takes seconds: before the first car, not at it.
        self._threads[Lane.BALANCER].submit(warm_up)
        self._wakes = WakeQueue(self._answer_wake)
        self._tasks = [asyncio.create_task(self._repeat(row), name=row.name) for row in self._rows]
        self._tasks.append(asyncio.create_task(self._wakes.serve(), name="balancer"))

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
        if self._wakes is not None:
            self._wakes.wake(cluster_id)

    async def _answer_wake(self, cluster_id: UUID) -> None:
        await self._in_thread("rebalance", partial(self._rebalance, cluster_id), lane=Lane.BALANCER)

    def _rebalance(self, cluster_id: UUID, *, now: datetime) -> None:
        try:
            share_power(
                cluster_id, now=now, trigger=RunTrigger.EVENT, patience=PATIENCE, stand_in=self._stand_in
            )
        except ClusterBusy:
            # Whoever has locked it keeps no other cluster waiting; it comes to its turn again with the next ones.
            self.wake(cluster_id)

    async def _repeat(self, row: Row) -> None:
        while True:
            if row.over is None:
                await self._in_thread(row.name, row.run, lane=row.lane)
            else:
                for one in await self._in_thread(row.name, partial(_ids, row.over), lane=Lane.CHORES) or ():
                    await self._in_thread(row.name, partial(row.run, one), lane=row.lane)
            await asyncio.sleep(row.every_s)

    async def _in_thread(self, name: str, run: Callable[..., Any], *, lane: Lane) -> Any:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(RuntimeError):  # the executor was shut down while we waited
            return await loop.run_in_executor(self._threads[lane], _guarded, name, run)


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
