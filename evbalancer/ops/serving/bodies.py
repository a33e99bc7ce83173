"""How much of a request is taken in, and for how long: on every route, before anybody is known, and in chunks as well.

Django writes a body to a temporary file before it looks at the address or the person. So the bound is around Django, and
what is beyond it is never read.
"""

import asyncio
import json
import logging
from typing import Any, Final

from evbalancer.common.web.api import PROBLEM_JSON, problem
from evbalancer.ops.serving.turns import Application, Message, Receive, Send

logger = logging.getLogger(__name__)

LONGEST_WAY_S: Final = 60.0


class BoundedBodies:
    """The HTTP application, which gets at most `most_bytes` of a body, and the whole of it within `longest_way_s`."""

    def __init__(
        self, application: Application, *, most_bytes: int, longest_way_s: float = LONGEST_WAY_S
    ) -> None:
        self._application = application
        self._most_bytes, self._longest_way_s = most_bytes, longest_way_s

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if _announced(scope) > self._most_bytes:
            await self._refuse(scope, send, status=413)
            return
        until = asyncio.get_running_loop().time() + self._longest_way_s
        taken, is_whole, is_refused = 0, False, False

        async def receive_bounded() -> Message:
            nonlocal taken, is_whole, is_refused
            if is_refused:
                return {"type": "http.disconnect"}
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                is_refused = True
                await self._refuse(scope, send, status=408)
                return {"type": "http.disconnect"}
            if message["type"] != "http.request":
                return message
            taken += len(message.get("body", b""))
            if taken > self._most_bytes:
                is_refused = True
                await self._refuse(scope, send, status=413)
                return {"type": "http.disconnect"}
            is_whole = not message.get("more_body")
            return message

        async def send_unless_refused(message: Message) -> None:
            if not is_refused:
                await send(message)

        await self._application(scope, receive_bounded, send_unless_refused)

    async def _refuse(self, scope: Any, send: Send, *, status: int) -> None:
        logger.warning("A request to %s was refused with %s: its body", scope["path"][:200], status)
        if status == 413:
            body = problem(
                status=413,
                code="too_large",
                title="The request is too large",
                detail=f"At most {self._most_bytes} bytes.",
            )
        else:
            body = problem(
                status=408,
                code="too_slow",
                title="The request did not arrive in time",
                detail=f"Send all of it within {self._longest_way_s:.0f} s.",
            )
        headers = [
            (b"content-type", PROBLEM_JSON.encode()),
            (b"cache-control", b"no-store"),
            # What is left of it is not read: nothing else can come over this connection.
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _announced(scope: Any) -> int:
    """The length by the headers; 0 without one. The bytes that really come decide in the end."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
