"""How many requests run at once, which is how many connections to the database they can have.

Under ASGI Django gives every request a thread and a connection of its own, and closes it when the response is closed: in that
thread, after the middleware, and before the application returns, also for a client that has gone. So the bound is
around the application. A request takes its turn when it has arrived in whole: a slow sender keeps nobody waiting.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from evbalancer.common.web.api import PROBLEM_JSON, problem

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]

# Asks no database, and has to answer whatever happens.
NEVER_WAITS: Final = "/healthz"
# Ask the database, and must not stand in the queue that they are to tell of.
OF_OPERATIONS: Final = frozenset({"/readyz", "/metrics"})
OPERATIONS_AT_ONCE: Final = 2
LONGEST_QUEUE: Final = 1000
# Below the minute after which proxies and browsers give up.
LONGEST_WAIT_S: Final = 20.0
RETRY_AFTER_S: Final = 5


class Busy(Exception):  # noqa: N818 (named for what happened)
    """Too many wait already, or the wait was too long."""


class Lane:
    """First come, first served, and so many at once."""

    def __init__(self, at_once: int, *, longest_queue: int, longest_wait_s: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._longest_queue, self._longest_wait_s = longest_queue, longest_wait_s
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self._wait()
        try:
            yield
        finally:
            self._places.release()

    async def _wait(self) -> None:
        if self._places.locked() and self._waiting >= self._longest_queue:
            raise Busy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await self._places.acquire()
        except TimeoutError:
            raise Busy from None
        finally:
            self._waiting -= 1


class InTurns:
    """The HTTP application, with at most `at_once` requests in it."""

    def __init__(
        self,
        application: Application,
        *,
        at_once: int,
        longest_queue: int = LONGEST_QUEUE,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._application = application
        self._everybody, self._operations = (
            Lane(size, longest_queue=longest_queue, longest_wait_s=longest_wait_s)
            for size in (at_once, OPERATIONS_AT_ONCE)
        )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == NEVER_WAITS:
            await self._application(scope, receive, send)
            return
        lane = self._operations if path in OF_OPERATIONS else self._everybody
        async with AsyncExitStack() as until_the_end:
            arrived = False

            async def receive_in_turn() -> Message:
                nonlocal arrived
                message = await receive()
                if arrived or message["type"] != "http.request" or message.get("more_body"):
                    return message
                arrived = True
                try:
                    await until_the_end.enter_async_context(lane.turn())
                except Busy:
                    logger.warning("A request to %s was refused: too many wait", path)
                    await _refuse(send)
                    return {"type": "http.disconnect"}
                return message

            await self._application(scope, receive_in_turn, send)


async def _refuse(send: Send) -> None:
    body = problem(
        status=503,
        code="busy",
        title="The server is busy",
        detail=f"Too many requests wait. Try again in {RETRY_AFTER_S} s.",
    )
    headers = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", str(RETRY_AFTER_S).encode()),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
