"""How frames come and go: over our server's own short way, or as ASGI messages under any other server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

logger = logging.getLogger(__name__)

# The key in the scope's `extensions` under which a server offers its short way.
EXTENSION = "evbalancer.wire"
Listener = Callable[[str | None], None]


class Wire(Protocol):
    """One socket's frames. Text is heard as a string, anything else as None."""

    def listen(self, listener: Listener) -> None:
        """Hand frames to `listener` from now on, in their order and on the event loop."""

    def allow(self, most_bytes: int) -> None:
        """Take frames up to this size from now on."""

    def send_text(self, text: str) -> None:
        """Send a frame; ConnectionResetError when the socket is gone."""

    def hold(self) -> None:
        """Read no more for now: what the peer sends waits in the network."""

    def release(self) -> None:
        """Read on."""


class AsgiWire:
    """For servers without a way of their own: their frames are read by `receive`, one at a time."""

    def __init__(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._sending: set[asyncio.Task[None]] = set()

    def listen(self, listener: Listener) -> None:
        """Whoever calls `receive` hands on what comes."""

    def allow(self, most_bytes: int) -> None:
        """That server's own setting counts."""

    def send_text(self, text: str) -> None:
        task = asyncio.create_task(self._send_now(text))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_now(self, text: str) -> None:
        try:
            await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError):
            logger.debug("A socket closed before its answer was sent")

    def hold(self) -> None:
        """The next frame is asked for only when this one is answered."""

    def release(self) -> None:
        """See `hold`."""
