from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from ocpp.exceptions import OCPPError

logger = logging.getLogger(__name__)

MAX_QUEUED = 5_000
BACKLOG = (
    3  # with more transaction messages waiting than this, notifications overtake them (1.6 section 3.7.1)
)

Call = Callable[[Any], Awaitable[Any]]


@dataclass(slots=True)
class Queued:
    """A message that waits for its turn; built when it is sent, since a transaction's id may come late."""

    kind: str  # start, meter, stop or notify
    build: Callable[[], Any]
    answered: Callable[[Any], None] | None = None
    attempts: int = 0
    seq: int = 0


@dataclass(slots=True)
class Talker:
    """Sends a charge point's messages one at a time: transaction messages in the order they happened and until
    they are answered, notifications once and only while online. A time-out ends the connection."""

    attempts: Callable[[], int]
    retry_s: Callable[[], float]
    replays: Callable[[str], int]
    outbox: deque[Queued] = field(default_factory=deque)
    notices: deque[Queued] = field(default_factory=deque)
    dropped: int = 0
    connected: bool = False
    registered: bool = False
    _seq: itertools.count[int] = field(default_factory=itertools.count)
    _work: asyncio.Event = field(default_factory=asyncio.Event)
    _resume_s: float = 0.0

    def queue(self, message: Queued) -> None:
        """A transaction message: kept through offline spells and reboots."""
        if len(self.outbox) >= MAX_QUEUED:
            self._drop_oldest_meter_values()
        message.seq = next(self._seq)
        self.outbox.append(message)
        self._work.set()

    def notify(self, build: Callable[[], Any], answered: Callable[[Any], None] | None = None) -> None:
        """A message that is worth nothing later: said now or, without a connection, not at all."""
        if self.connected:
            self.notices.append(Queued("notify", build, answered, seq=next(self._seq)))
            self._work.set()

    @property
    def idle(self) -> bool:
        return not self.outbox and not self.notices

    def register(self) -> None:
        """The server accepted the boot: transaction messages may flow."""
        self.registered = True
        self._work.set()

    def hang_up(self) -> None:
        self.connected = self.registered = False
        self.notices.clear()

    async def run(self, call: Call) -> None:
        """Talk until cancelled; an error of the connection ends it and leaves the queue for the next one."""
        while True:
            message = self._next()
            if message is None:
                self._work.clear()
                pausing = self.registered and self.outbox
                wait_s = self._resume_s - asyncio.get_running_loop().time() if pausing else None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._work.wait()
            elif message.kind == "notify":
                await self._say_once(message, call)
            else:
                await self._deliver(message, call)

    def _next(self) -> Queued | None:
        due = self.registered and self.outbox and asyncio.get_running_loop().time() >= self._resume_s
        head = self.outbox[0] if due else None
        if self.notices and (head is None or len(self.outbox) > BACKLOG or self.notices[0].seq < head.seq):
            return self.notices.popleft()
        return head

    async def _say_once(self, message: Queued, call: Call) -> None:
        try:
            answer = await call(message.build())
        except OCPPError as error:
            logger.info("notification not taken: %r", error)
            return
        if message.answered is not None:
            message.answered(answer)

    async def _deliver(self, message: Queued, call: Call) -> None:
        try:
            answer = await call(message.build())
            for _ in range(self.replays(message.kind)):
                # The first answer counts as lost: the same request again under a new message id.
                answer = await call(message.build())
        except OCPPError as error:
            message.attempts += 1
            logger.info("%s message failed %d times: %r", message.kind, message.attempts, error)
            if message.attempts >= self.attempts():
                self.outbox.remove(message)
                self.dropped += 1
            else:
                self._resume_s = asyncio.get_running_loop().time() + self.retry_s() * message.attempts
            return
        self.outbox.remove(message)
        if message.answered is not None:
            message.answered(answer)

    def _drop_oldest_meter_values(self) -> None:
        # 1.6 section 3.7.1 lets intermediate meter values go first when memory is short.
        for message in itertools.islice(self.outbox, 1, None):  # the first may be on its way
            if message.kind == "meter":
                self.outbox.remove(message)
                self.dropped += 1
                return
