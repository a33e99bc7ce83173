from __future__ import annotations

import asyncio
import base64
import logging
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

from ocpp.exceptions import OCPPError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

logger = logging.getLogger(__name__)

# What waited in a silent charge point's socket is read within this time.
CATCH_UP_S = 3.0


class LinkError(ConnectionError):
    """The connection must end, for a reason of the charge point's own."""


class Transport(Protocol):
    """The bytes below a socket."""

    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Socket(Protocol):
    """One open WebSocket as a charge point uses it: as `websockets` makes them, or in memory."""

    @property
    def subprotocol(self) -> str | None: ...
    @property
    def transport(self) -> Transport: ...
    async def recv(self) -> str | bytes: ...
    async def send(self, message: str) -> None: ...
    async def ping(self) -> Awaitable[float]: ...
    async def close(self) -> None: ...


class Dial(Protocol):
    """Opens a socket; InvalidHandshake where the server refuses it."""

    async def __call__(
        self, url: str, *, subprotocol: str, headers: dict[str, str], tls: ssl.SSLContext | None
    ) -> Socket: ...


async def dial_websocket(
    url: str, *, subprotocol: str, headers: dict[str, str], tls: ssl.SSLContext | None
) -> Socket:
    return await connect(
        url,
        subprotocols=[Subprotocol(subprotocol)],
        additional_headers=headers,
        compression=None,
        proxy=None,
        open_timeout=15,
        ping_interval=None,  # the charge point pings by its own configuration
        close_timeout=1,
        ssl=tls,
    )


@dataclass(slots=True)
class Tally:
    """Requests both ways and the answers to them, refusals included; what is missing was lost.

    `asked_before` counts those of `asked` that were sent while the charge point was silent, and read when it no longer was.
    """

    said: int = 0
    heard_back: int = 0
    asked: int = 0
    asked_before: int = 0
    answered: int = 0


@dataclass(slots=True)
class Wire:
    """One open WebSocket in the shape the ocpp package wants, able to fall silent."""

    socket: Socket
    audible: asyncio.Event
    tally: Tally
    catching_up_until_s: float = 0.0

    async def recv(self) -> str:
        message = await self.socket.recv()
        text = message if isinstance(message, str) else message.decode()
        if _is_request(text):
            self.tally.asked += 1
            self.tally.asked_before += time.monotonic() < self.catching_up_until_s
        else:
            self.tally.heard_back += 1
        return text

    async def send(self, message: str) -> None:
        await self.audible.wait()
        await self.socket.send(message)
        if _is_request(message):
            self.tally.said += 1
        else:
            self.tally.answered += 1

    async def ping(self, timeout_s: float) -> None:
        """Raise TimeoutError when the server does not pong."""
        await self.audible.wait()
        pong = await self.socket.ping()
        async with asyncio.timeout(timeout_s):
            await pong


def _is_request(text: str) -> bool:
    """OCPP-J's message type 2 stands first in the list; 3 and 4 are answers."""
    return text.lstrip("[ \n")[:1] == "2"


@dataclass(slots=True)
class Link:
    """Keeps a charge point connected: handshake, back-off with jitter, and the faults of a cable.

    `session` is called with every open wire and runs until the connection ends.
    """

    url: str
    identity: str
    subprotocol: str
    password: Callable[[], bytes]
    backoff_s: Callable[[], tuple[float, float]]
    session: Callable[[Wire], Awaitable[None]]
    rng: random.Random
    tls: ssl.SSLContext | None = None
    dial: Dial = dial_websocket
    handshakes: int = 0
    refused: int = 0
    last_error: str = ""
    closing: bool = False
    tally: Tally = field(default_factory=Tally)
    _failures: int = 0
    _wire: Wire | None = None
    _audible: asyncio.Event = field(default_factory=asyncio.Event)
    _reachable: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._audible.set()
        self._reachable.set()

    @property
    def connected(self) -> bool:
        return self._wire is not None

    async def run(self) -> None:
        """Connect again and again until cancelled."""
        # A task group whose tasks fail in the moment of the cancellation reports the failure alone: hence the flag.
        while not self.closing:
            await self._reachable.wait()
            try:
                await self._connect_once()
            except* (OSError, WebSocketException, OCPPError) as errors:
                self.last_error = repr(errors.exceptions[0])
                logger.info("%s: connection ended: %s", self.identity, self.last_error)
            except* Exception as errors:
                self.last_error = repr(errors.exceptions[0])
                logger.exception("%s: the simulated charge point failed", self.identity)
            if not self.closing:
                await asyncio.sleep(self._pause_s())

    async def _connect_once(self) -> None:
        headers = {}
        if self.password():
            credentials = base64.b64encode(self.identity.encode() + b":" + self.password()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        try:
            socket = await self.dial(
                f"{self.url.rstrip('/')}/{quote(self.identity, safe='')}",
                subprotocol=self.subprotocol,
                headers=headers,
                tls=self.tls,
            )
        except InvalidHandshake:
            self.refused += 1
            raise
        try:
            self.handshakes += 1
            if not self._reachable.is_set():
                raise LinkError("the network went while the handshake ran")
            if socket.subprotocol != self.subprotocol:
                raise LinkError("the server does not speak " + self.subprotocol)
            self._wire = Wire(socket, self._audible, self.tally)
            await self.session(self._wire)
        finally:
            self._wire = None
            self._audible.set()
            await socket.close()

    def settled(self) -> None:
        """The server took this charge point: the next failure starts from the shortest pause."""
        self._failures = 0

    def _pause_s(self) -> float:
        first_s, most_s = self.backoff_s()
        pause_s = min(most_s, first_s * float(1 << min(self._failures, 10)))
        self._failures += 1
        return pause_s * self.rng.uniform(0.5, 1.5)

    def drop(self) -> None:
        """The cable is cut: no close frame, the other side has to find out."""
        if self._wire is not None:
            self._wire.socket.transport.abort()

    async def hang_up(self) -> None:
        """End the connection in good order; the next one follows."""
        if self._wire is not None:
            await self._wire.socket.close()

    def unplug_network(self) -> None:
        """Drop the connection and stay away until plug_network()."""
        self._reachable.clear()
        self.drop()

    def plug_network(self) -> None:
        self._failures = 0
        self._reachable.set()

    def fall_silent(self) -> None:
        """Half-open: nothing is read, nothing is sent, no ping is answered; the socket stays."""
        if self._wire is not None:
            self._audible.clear()
            self._wire.socket.transport.pause_reading()

    def speak_again(self) -> None:
        if self._wire is not None and not self._audible.is_set():
            self._wire.catching_up_until_s = time.monotonic() + CATCH_UP_S
            self._wire.socket.transport.resume_reading()
        self._audible.set()
