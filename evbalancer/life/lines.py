"""The network of a simulated life: sockets in memory between simulated charge points and the real OCPP endpoint.

Frames arrive in their order and late. A line can be cut, which the server learns late; a charge point can fall silent, which
leaves its frames and ours in the line. In bad weather frames are lost or arrive twice, and those that were on their way when the line
was cut arrive after the first ones of the next line.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

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
# So much later a frame arrives that waited in a buffer while its charge point opened the next line.
OVERTAKEN_S = (5.0, 30.0)


@dataclass(slots=True)
class Weather:
    """What happens to the frames of one charge point: none of it is TCP's doing, all of it that of machines on either end.

    `cuts_next`: the line is cut as soon as the charge point has sent another frame.
    """

    rng: random.Random
    felt: Counter[str]
    loses: float = 0.0
    repeats: float = 0.0
    cuts_next: bool = False

    def times(self) -> int:
        """How often a frame arrives."""
        fate = self.rng.random()
        if fate < self.loses:
            self.felt["frame lost"] += 1
            return 0
        if fate < self.loses + self.repeats:
            self.felt["frame repeated"] += 1
            return 2
        return 1


class Way:
    """One direction of a line: what is sent arrives in its order, each a moment later."""

    def __init__(self, rng: random.Random, arrive: Callable[[Any], None]) -> None:
        self._rng = rng
        self._arrive = arrive
        self._last_s = 0.0
        self._held: deque[Any] | None = None
        self._under_way: deque[tuple[asyncio.TimerHandle, Any]] = deque()

    def send(self, message: Any, *, after_s: float | None = None) -> None:
        loop = asyncio.get_running_loop()
        late_s = self._rng.uniform(*LATENCY_S) if after_s is None else after_s
        self._last_s = max(self._last_s, loop.time() + late_s)
        self._under_way.append((loop.call_at(self._last_s, self._deliver), message))

    def cut(self, *, after_s: float) -> tuple[int, int]:
        """The line is cut: of what is on its way some arrives so much later, in its order, and the rest does not.

        Returns how many arrive late, and how many are lost.
        """
        cut_off = list(self._under_way)
        arriving = self._rng.randint(0, len(cut_off)) if cut_off else 0
        self._under_way.clear()
        for timer, _ in cut_off:
            timer.cancel()
        for _, message in cut_off[:arriving]:
            self.send(message, after_s=after_s)
        return arriving, len(cut_off) - arriving

    def hold(self) -> None:
        self._held = self._held or deque()

    def release(self) -> None:
        held, self._held = self._held, None
        for message in held or ():
            self._arrive(message)

    def _deliver(self) -> None:
        # The first one, whichever timer this is: timers of one moment have no order.
        _, message = self._under_way.popleft()
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
        self,
        application: Application,
        scope: Message,
        rng: random.Random,
        *,
        bend: Callable[[str], str] | None = None,
        weather: Callable[[], Weather | None] = lambda: None,
    ) -> None:
        self._rng = rng
        self._bend = bend
        self._weather = weather
        self._is_hushed = False
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

    def hush(self) -> None:
        """The process at the server's end is gone: it says nothing more."""
        self._is_hushed = True

    async def _send(self, message: Message) -> None:
        if self._is_hushed:
            return
        match message["type"]:
            case "websocket.accept":
                self._answer(message.get("subprotocol"))
            case "websocket.send":
                if self._is_closed:
                    raise ConnectionResetError
                for _ in range(self._times()):
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

    def _times(self) -> int:
        weather = self._weather()
        return 1 if weather is None else weather.times()

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
        for _ in range(self._times()):
            self._up.send({"type": "websocket.receive", "text": said})
        weather = self._weather()
        if weather is not None and weather.cuts_next:
            weather.cuts_next = False
            self._cut_under_way(weather)

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

    def _cut_under_way(self, weather: Weather) -> None:
        """The same in the middle of a frame: it is lost, or waits somewhere until the next line has spoken."""
        late, lost = self._up.cut(after_s=self._rng.uniform(*OVERTAKEN_S))
        weather.felt["frame overtaken"] += late
        weather.felt["frame lost in a cut"] += lost
        self.abort()

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
        # What happens to the frames of a charge point, by its identity, and how often anything did.
        self.weather: dict[str, Weather] = {}
        self.felt: Counter[str] = Counter()

    def serve(self, application: Application) -> None:
        self._application = application

    def hush(self) -> None:
        """The process at our end is gone in this moment: nothing that is still done in its name gets out."""
        self._application = None
        for line in self._lines:
            line.hush()

    async def crash(self) -> None:
        """The process ends without a word."""
        self.hush()
        ends = {line.server_end for line in self._lines if not line.server_end.done()}
        while ends:
            # What a socket still waits for on its way out never comes from a process that is gone.
            for end in ends:
                end.cancel()
            _, ends = await asyncio.wait(ends, timeout=LATENCY_S[0])
        self._lines.clear()

    async def dial(self, url: str, *, subprotocol: str, headers: dict[str, str], tls: Any) -> Line:
        await asyncio.sleep(self._rng.uniform(*LATENCY_S))
        if self._application is None:
            raise ConnectionRefusedError
        self._lines = [line for line in self._lines if not line.server_end.done()]
        path = urlsplit(url).path
        identity = unquote(path.rsplit("/", 1)[-1])
        scope: Message = {
            "type": "websocket",
            "scheme": "ws",
            "path": path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "subprotocols": [subprotocol],
            "client": ("127.0.0.1", 1_024 + self._rng.randrange(60_000)),
            "extensions": {"websocket.http.response": {}},
        }
        chance = random.Random(self._rng.random())
        bend = self.bends.get(identity)
        line = Line(self._application, scope, chance, bend=bend, weather=lambda: self.weather.get(identity))
        self._lines.append(line)
        return await line.opened()
