"""The frames of one socket: heard one at a time and in their order, and a flood is slowed at its source by TCP."""

import asyncio
from collections import deque

from chargers.ocpp.sockets.link import Link
from chargers.ocpp.sockets.throttle import TokenBucket
from chargers.ocpp.sockets.wire import Wire


class Inbox:
    """Stands between a wire, which may bring many frames at once, and a link, which hears one after the other."""

    __slots__ = ("_bucket", "_holds", "_idle", "_is_busy", "_link", "_waiting", "_wire")

    def __init__(self, link: Link, wire: Wire) -> None:
        self._link = link
        self._wire = wire
        self._bucket = TokenBucket()
        self._waiting: deque[str | None] = deque()
        self._is_busy = False
        self._holds = False
        self._idle: asyncio.Future[None] | None = None

    def put(self, text: str | None) -> None:
        """Hear a frame now, or when those before it are answered."""
        self._waiting.append(text)
        if self._is_busy:
            self._hold()
        else:
            self._go_on()

    async def idle(self) -> None:
        """Wait until everything that came is answered."""
        if self._is_busy:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle

    async def close(self) -> None:
        """Nobody is there any more: what was not heard is forgotten, what was is stored to its end."""
        self._waiting.clear()
        await self.idle()

    def _go_on(self) -> None:
        self._is_busy = True
        while self._waiting:
            wait_s = self._bucket.wait_s(len(self._waiting[0] or ""))
            if wait_s > 0:
                self._hold()
                asyncio.get_running_loop().call_later(wait_s, self._hear_late)
                return
            if self._link.hear(self._waiting.popleft(), self._go_on):
                return
        self._is_busy = False
        if self._holds:
            self._holds = False
            self._wire.release()
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _hear_late(self) -> None:
        if not (self._waiting and self._link.hear(self._waiting.popleft(), self._go_on)):
            self._go_on()

    def _hold(self) -> None:
        if not self._holds:
            self._holds = True
            self._wire.hold()
