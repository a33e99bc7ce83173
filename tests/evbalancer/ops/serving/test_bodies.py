"""A body is bounded while it arrives, whoever sends it and however."""

import asyncio
import json
from typing import Any

import pytest

from evbalancer.ops.serving.bodies import BoundedBodies

MOST = 1000


class Reader:
    """Takes a whole body in, as Django does, before it looks at anything."""

    def __init__(self) -> None:
        self.taken, self.is_gone = 0, False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.is_gone = True
                return
            self.taken += len(message["body"])
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def ask(reader: Reader, chunks: list[bytes], *, headers=(), ends=True, longest_way_s=5.0) -> list[Any]:
    sent: list[Any] = []
    left = list(chunks)

    async def receive():
        if not left:
            await asyncio.Event().wait()
        body = left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(left) or not ends}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": "/auth/token", "headers": list(headers)}
    app = BoundedBodies(reader, most_bytes=MOST, longest_way_s=longest_way_s)
    asyncio.run(app(scope, receive, send))
    return sent


def test_body_that_fits_arrives_in_whole():
    reader = Reader()
    assert ask(reader, [b"x" * 400, b"x" * 600])[0]["status"] == 200
    assert reader.taken == MOST


@pytest.mark.parametrize("ends", [True, False])
def test_body_in_chunks_is_refused_as_soon_as_it_is_too_large(ends):
    reader = Reader()
    sent = ask(reader, [b"x" * 600] * 50, ends=ends)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (413, "too_large")
    assert (reader.is_gone, reader.taken) == (True, 600)


def test_body_that_is_announced_as_too_large_is_not_even_waited_for():
    reader = Reader()
    sent = ask(reader, [], headers=[(b"content-length", b"299000000")])
    assert sent[0]["status"] == 413
    assert not reader.is_gone


def test_body_that_says_less_than_it_sends_is_bounded_too():
    reader = Reader()
    sent = ask(reader, [b"x" * 600] * 3, headers=[(b"content-length", b"10")])
    assert sent[0]["status"] == 413


def test_body_that_never_ends_is_given_up():
    reader = Reader()
    sent = ask(reader, [b"x"], ends=False, longest_way_s=0.05)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (408, "too_slow")
    assert reader.is_gone


@pytest.mark.parametrize(
    "path", ["/auth/token", "/login", "/fleet/smartcar/webhook", "/admin/login/", "/nowhere", "/"]
)
def test_no_route_of_the_server_takes_in_more(path, settings):
    from evbalancer.asgi import http  # builds the application

    sent: list[Any] = []
    asked = 0

    async def receive():
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "scheme": "http", "client": ("10.0.0.1", 1), "server": ("localhost", 80),
        "headers": [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")],
    }  # fmt: skip
    asyncio.run(http(scope, receive, send))
    assert sent[0]["status"] == 413
    assert asked * 65_536 <= settings.HTTP_MAX_BODY_BYTES + 2 * 65_536
