"""Waking the balancer: from the news that a cluster changed to the run that answers it.

1. Code that changes a cluster calls `wake_balancer`. After commit every answerer of this process hears it.
2. Where workers balance, the answerer is `ask_worker`: one task answers all wakes that come until it begins.
3. Where this process balances, the answerer is a `WakeQueue`: it gathers wakes and lets busy clusters rest.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from celery import current_app
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError

from evbalancer.common.cache import redis_is_away
from evbalancer.common.shards import queue_of

logger = logging.getLogger(__name__)

REBALANCE: Final = "scheduling.rebalance_cluster"
# Many events come in one breath; the task that answers them clears the mark when it begins to read.
MARK_S: Final = 5
# A wake this old is not answered any more: beat or an event has asked again since.
STALE_S: Final = 30
# Many events come in one breath here, too (a boot storm, a commit of fifty meter values): one run answers them all.
GATHER_S = 0.1
# The answers to a run's limits come one by one, and each asks for another run. Between two the sockets get the processor, or
# the answers themselves would be late; a cut of the same cluster waits that much longer at most.
REST_PER_S, LONGEST_REST_S = 2.0, 2.0

_answerers: list[Callable[[UUID], object]] = []


def wake_balancer(cluster_id: UUID) -> None:
    """After commit, ask for a run of this cluster soon."""
    for answer in _answerers:
        transaction.on_commit(lambda answer=answer: answer(cluster_id), robust=True)  # type: ignore[misc]


def answer_wakes(answer: Callable[[UUID], object]) -> None:
    """Register who hears `wake_balancer` in this process. The composition does this once."""
    _answerers.append(answer)


def stop_answering(answer: Callable[[UUID], object]) -> None:
    if answer in _answerers:
        _answerers.remove(answer)


def ask_worker(cluster_id: UUID) -> bool:
    """Send the task, unless one is on its way. Returns False where no worker can be asked."""
    is_first = cache.add(_mark(cluster_id), 1, timeout=MARK_S)
    if redis_is_away():
        return False
    try:
        if is_first:
            current_app.send_task(
                REBALANCE,
                args=[str(cluster_id)],
                expires=STALE_S,
                retry=False,
                queue=queue_of(cluster_id),
            )
    except (OperationalError, OSError):
        logger.warning("No worker can be asked to balance", exc_info=True)
        return False
    return True


def begin_answer(cluster_id: UUID) -> None:
    """The task begins to read: news from now on needs another one."""
    cache.delete(_mark(cluster_id))


def _mark(cluster_id: UUID) -> str:
    return f"wake.{cluster_id}"


class WakeQueue:
    """Clusters that wait for this process to balance them. It is made on the running loop, and `serve` runs there."""

    def __init__(self, balance: Callable[[UUID], Awaitable[object]]) -> None:
        self._balance = balance
        self._loop = asyncio.get_running_loop()
        # In the order in which they asked.
        self._waiting: dict[UUID, None] = {}
        # Balanced just now: a cluster that keeps the balancer busy rests while the others are served.
        self._resting: set[UUID] = set()
        self._rest_until_s = 0.0
        self._rest_ends: asyncio.TimerHandle | None = None
        self._woken = asyncio.Event()

    def wake(self, cluster_id: UUID) -> None:
        """Balance this cluster soon. Any thread may call this."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, cluster_id)

    async def serve(self) -> None:
        """Answer wakes until cancelled."""
        try:
            while True:
                await self._woken.wait()
                await asyncio.sleep(GATHER_S)
                self._woken.clear()
                while (cluster_id := self._next()) is not None:
                    del self._waiting[cluster_id]
                    began_s = time.monotonic()
                    await self._balance(cluster_id)
                    self._rest(cluster_id, took_s=time.monotonic() - began_s)
        finally:
            if self._rest_ends is not None:
                self._rest_ends.cancel()

    def _note(self, cluster_id: UUID) -> None:
        self._waiting.pop(cluster_id, None)
        self._waiting[cluster_id] = None
        self._woken.set()

    def _next(self) -> UUID | None:
        """The cluster that asked last, unless it rests: a cut waits for the run that has begun, not for a storm."""
        return next((each for each in reversed(self._waiting) if each not in self._resting), None)

    def _rest(self, cluster_id: UUID, *, took_s: float) -> None:
        self._resting.add(cluster_id)
        begins_s = max(self._rest_until_s, self._loop.time())
        self._rest_until_s = min(begins_s + REST_PER_S * took_s, self._loop.time() + LONGEST_REST_S)
        if self._rest_ends is not None:
            self._rest_ends.cancel()
        self._rest_ends = self._loop.call_at(self._rest_until_s, self._end_rest)

    def _end_rest(self) -> None:
        self._resting.clear()
        if self._waiting:
            self._woken.set()
