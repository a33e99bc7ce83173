"""The product as one simulated process: endpoint, writer, balancer and periodic work, all on one thread and one loop."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from typing import Any

from chargers.ocpp.aside import Receiver
from chargers.ocpp.sockets.consumer import OcppServer
from chargers.ocpp.writer import ASIDE_PAUSE_S, TIDY_EVERY_S, Writer
from chargers.reports.base import Incoming
from evbalancer.common import topics, waking
from evbalancer.common.clocks import clock_watch
from evbalancer.life.lines import Network
from evbalancer.life.storage import Killed, Storage
from evbalancer.ops.periodic import ROWS
from evbalancer.ops.scheduler import Scheduler


class InlineWriter(Writer):
    """The writer without its thread: it takes what was handed in when the loop has its next turn.

    What came in the same turn is one transaction, as with the thread what came during a commit is.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self._storage = storage
        self._is_due = False
        self._tidies: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tidies = self._loop.call_later(TIDY_EVERY_S, self._tidy_again)

    async def stop(self) -> None:
        while self._reports or self._urgent or self._jobs or self._aside:
            self._work_off()
        self._stopping = True
        if self._tidies is not None:
            self._tidies.cancel()
        self._tidy()

    def crash(self) -> None:
        """Nothing is written any more, and nobody told."""
        self._stopping = True
        if self._tidies is not None:
            self._tidies.cancel()
        for waiting in (self._reports, self._urgent, self._jobs, self._log, self._noted):
            waiting.clear()

    def hand_in(self, report: Incoming, receiver: Receiver) -> None:
        super().hand_in(report, receiver)
        self._soon()

    def call(self, job: Callable[[], Any]) -> "asyncio.Future[Any]":
        future = super().call(job)
        self._soon()
        return future

    def _soon(self, after_s: float = 0.0) -> None:
        if not self._is_due and self._loop is not None:
            self._is_due = True
            self._loop.call_later(after_s, self._work_off)

    def _work_off(self) -> None:
        self._is_due = False
        if self._stopping:
            return
        with self._storage.at_work():
            self._write(self._urgent)
            self._write(self._reports)
            self._write_aside()
            while self._jobs:
                self._do_job(*self._jobs.popleft())
        if self._reports or self._urgent:
            self._soon()
        elif self._aside:
            self._soon(ASIDE_PAUSE_S)

    def _tidy_again(self) -> None:
        if not self._stopping and self._loop is not None:
            with self._storage.at_work():
                self._tidy()
            self._tidies = self._loop.call_later(TIDY_EVERY_S, self._tidy_again)


class Inline(Executor):
    """A thread of the scheduler that is none: work is done where it is asked for."""

    def __init__(self, storage: Storage, *, felt: Counter[str] | None = None) -> None:
        """`felt` counts the work of a second process."""
        self._storage, self._felt = storage, felt

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        if self._felt is not None:
            self._felt["work of a second process"] += 1
        try:
            with self._storage.at_work():
                done.set_result(fn(*args, **kwargs))
        except (Exception, Killed) as error:  # noqa: BLE001 (raised where it is awaited)
            done.set_exception(error)
        return done


class Server:
    """A web process of the embedded default, started, stopped and killed like one."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.storage = Storage()
        self._ocpp: OcppServer | None = None
        self._writer = InlineWriter(self.storage)
        self._scheduler: Scheduler | None = None
        self._rivals = 0

    @property
    def runs(self) -> bool:
        return self._ocpp is not None

    async def start(self) -> None:
        self._writer = InlineWriter(self.storage)
        self._ocpp = OcppServer(self._writer)
        topics.send_on(asyncio.get_running_loop())
        clock_watch.begin_watch()
        self._scheduler = Scheduler(ROWS, make_thread=lambda _: Inline(self.storage))
        waking.answer_wakes(self._scheduler.wake)
        self._scheduler.start()
        await self._ocpp.start()
        self._network.serve(self._ocpp)

    @asynccontextmanager
    async def rivalled(self) -> AsyncIterator[None]:
        """Inside, another process of this installation does all periodic work as well, and answers wakes. No database ails it."""
        beside = Storage()
        rival = Scheduler(
            ROWS, stand_in="another process", make_thread=lambda _: Inline(beside, felt=self.storage.felt)
        )
        waking.answer_wakes(rival.wake)
        topics.send_on(asyncio.get_running_loop())
        self._rivals += 1
        rival.start()
        try:
            yield
        finally:
            self._rivals -= 1
            waking.stop_answering(rival.wake)
            await rival.stop()
            self._hush_topics()

    def fall(self) -> None:
        """The process ends in this moment. What was not committed is lost, and nothing is said to anybody."""
        self._writer.crash()
        self._network.hush()

    async def kill(self) -> None:
        self.fall()
        await self._end()

    async def stop(self) -> None:
        await self._writer.stop()
        await self._end()

    async def _end(self) -> None:
        await self._network.crash()
        if self._scheduler is not None:
            waking.stop_answering(self._scheduler.wake)
            await self._scheduler.stop()
        if self._ocpp is not None:
            await self._ocpp.switchboard.stop()
        clock_watch.end_watch()
        self._ocpp = self._scheduler = None
        self._hush_topics()

    def _hush_topics(self) -> None:
        """Nobody is left who tells them on this loop."""
        if not self.runs and not self._rivals:
            topics.send_on(None)
