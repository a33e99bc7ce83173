"""The network of a simulated life: sockets in memory between simulated charge points and the real OCPP endpoint.

Frames arrive in their order and late. A line can be cut, which the server learns late; a charge point can fall silent, which
leaves its frames and ours in the line.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosedError, InvalidHandshake

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

# One way, in seconds.
LATENCY_S = (0.01, 0.15)
# A cable that is cut tells nobody: TCP gives up, or the server's ping does.
UNNOTICED_S = (0.1, 40.0)
GONE = 1006


class Way:
    """One direction of a line: what is sent arrives in its order, each a moment later."""

    def __init__(self, rng: random.Random, arrive: Callable[[Any], None]) -> None:
        self._rng = rng
        self._arrive = arrive
        self._last_s = 0.0
        self._held: deque[Any] | None = None

    def send(self, message: Any, *, after_s: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        late_s = self._rng.uniform(*LATENCY_S) if after_s is None else after_s
        self._last_s = max(self._last_s, loop.time() + late_s)
        loop.call_at(self._last_s, self._deliver, message)

    def hold(self) -> None:
        self._held = self._held or deque()

    def release(self) -> None:
        held, self._held = self._held, None
        for message in held or ():
            self._arrive(message)

    def _deliver(self, message: Any) -> None:
        if self._held is None:
            self._arrive(message)
        else:
            self._held.append(message)


class Line:
    """A socket between a charge point and the endpoint, with the charge point's end as its methods.

    It is its own transport, too: what can happen to the bytes below happens to the line.
    """

    subprotocol: str | None = None

    def __init__(
        self, application: Application, scope: Message, rng: random.Random, bend: Callable[[str], str] | None
    ) -> None:
        self._rng = rng
        self._bend = bend
        self._to_server: asyncio.Queue[Message] = asyncio.Queue()
        self._to_charger: asyncio.Queue[str | None] = asyncio.Queue()
        self._up = Way(rng, self._to_server.put_nowait)
        self._down = Way(rng, self._reach_charger)
        self._accepted: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._is_closed = False
        self._pongs: list[asyncio.Future[float]] = []
        self._to_server.put_nowait({"type": "websocket.connect"})
        self.server_end = asyncio.ensure_future(application(scope, self._receive, self._send))
        self.server_end.add_done_callback(self._server_ended)

    # The server's end

    async def _receive(self) -> Message:
        return await self._to_server.get()

    async def _send(self, message: Message) -> None:
        match message["type"]:
            case "websocket.accept":
                self._answer(message.get("subprotocol"))
            case "websocket.send":
                if self._is_closed:
                    raise ConnectionResetError
                self._down.send(message["text"])
            case "websocket.close":
                self._answer(None)
                self._down.send(None)
                self._to_server.put_nowait(
                    {"type": "websocket.disconnect", "code": message.get("code", 1000)}
                )
            case "websocket.http.response.start":
                if not self._accepted.done():
                    self._accepted.set_exception(InvalidHandshake(f"HTTP {message['status']}"))

    def _answer(self, subprotocol: str | None) -> None:
        if not self._accepted.done():
            self._accepted.set_result(subprotocol)

    def _server_ended(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled():
            task.exception()  # retrieved: its own log has it
        if not self._accepted.done():
            self._accepted.set_exception(InvalidHandshake("the server went away"))
        self._reach_charger(None)

    def _reach_charger(self, text: str | None) -> None:
        if text is None:
            self._is_closed = True
        self._to_charger.put_nowait(text)

    # The charge point's end

    async def opened(self) -> "Line":
        self.subprotocol = await self._accepted
        return self

    async def recv(self) -> str:
        text = await self._to_charger.get()
        if text is None:
            self._to_charger.put_nowait(None)
            raise ConnectionClosedError(None, None)
        return text

    async def send(self, message: str) -> None:
        if self._is_closed:
            raise ConnectionClosedError(None, None)
        said = message if self._bend is None else self._bend(message)
        self._up.send({"type": "websocket.receive", "text": said})

    async def ping(self) -> Awaitable[float]:
        pong: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if not self._is_closed and not self.server_end.done():
            asyncio.get_running_loop().call_later(2 * LATENCY_S[1], _set, pong)
        return pong

    async def close(self) -> None:
        """In good order: the server hears of it with what was sent before."""
        if not self._is_closed:
            self._reach_charger(None)
            self._up.send({"type": "websocket.disconnect", "code": 1000})

    # Below

    @property
    def transport(self) -> "Line":
        return self

    def abort(self) -> None:
        """The cable is cut. What is on its way still arrives or not; the server finds out when it finds out."""
        if not self._is_closed:
            self._reach_charger(None)
            unnoticed_s = self._rng.uniform(*UNNOTICED_S)
            self._up.send({"type": "websocket.disconnect", "code": GONE}, after_s=unnoticed_s)

    def pause_reading(self) -> None:
        self._down.hold()

    def resume_reading(self) -> None:
        self._down.release()


def _set(pong: "asyncio.Future[float]") -> None:
    if not pong.done():
        pong.set_result(0.0)


class Network:
    """All lines of a life. Charge points dial by it; a crash of the server cuts all of them."""

    def __init__(self, *, seed: int) -> None:
        self._rng = random.Random(f"network:{seed}")
        self._application: Application | None = None
        self._lines: list[Line] = []
        # By identity, how a charge point says things.
        self.bends: dict[str, Callable[[str], str]] = {}

    def serve(self, application: Application) -> None:
        self._application = application

    async def crash(self) -> None:
        """The process ends without a word."""
        self._application = None
        ends = [line.server_end for line in self._lines]
        for end in ends:
            end.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        self._lines.clear()

    async def dial(self, url: str, *, subprotocol: str, headers: dict[str, str], tls: Any) -> Line:
        await asyncio.sleep(self._rng.uniform(*LATENCY_S))
        if self._application is None:
            raise ConnectionRefusedError
        self._lines = [line for line in self._lines if not line.server_end.done()]
        scope: Message = {
            "type": "websocket",
            "scheme": "ws",
            "path": urlsplit(url).path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": [subprotocol],
            "client": ("127.0.0.1", 1_024 + self._rng.randrange(60_000)),
            "extensions": {"websocket.http.response": {}},
        }
        bend = self.bends.get(scope["path"].rsplit("/", 1)[-1])
        line = Line(self._application, scope, random.Random(self._rng.random()), bend)
        self._lines.append(line)
        return await line.opened()
