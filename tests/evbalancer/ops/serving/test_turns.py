"""Few requests run at once, whoever asks, and the others wait fairly, but not for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from django.db import connection
from rest_framework_simplejwt.tokens import AccessToken

from evbalancer.ops.serving.turns import InTurns
from tests.chargers.conftest import until
from tests.e2e.conftest import database_url, serving
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.services

AT_ONCE, ASKING = 4, 40
# The server's readiness, writer of reports and sockets' thread; the test's own, and the one that holds the lock.
BESIDE = 2 + 1 + 1 + 2


class Counter:
    """An application that answers when it is told to, and knows who was in it, and how many at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = self.most = 0
        self.served: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.disconnect":
            return
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.served.append(scope["path"])
        if scope["path"].startswith("/page"):
            await self.open.wait()
        self.inside -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


def client(counter: Counter, **limits: Any) -> httpx.AsyncClient:
    application: Any = InTurns(counter, **limits)
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://turns")


async def settled() -> None:
    """Everything that can go on without time passing has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_few_run_at_once_and_the_others_in_the_order_of_their_coming() -> None:
    async def run() -> None:
        counter = Counter()
        async with client(counter, at_once=2) as http, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(http.get(f"/page/{number}")) for number in range(8)]
            await settled()
            assert counter.served == ["/page/0", "/page/1"]
            assert [(await http.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")] == [
                200
            ] * 3
            counter.open.set()
        assert [task.result().status_code for task in asked] == [200] * 8
        assert [path for path in counter.served if "page" in path] == [f"/page/{n}" for n in range(8)]
        assert counter.most == 3

    asyncio.run(run())


def test_who_would_wait_in_too_long_a_queue_is_asked_to_come_again() -> None:
    async def run() -> None:
        counter = Counter()
        async with client(counter, at_once=1, longest_queue=1) as http, asyncio.TaskGroup() as tasks:
            first, second = (tasks.create_task(http.get("/page")) for _ in range(2))
            await settled()
            refused = await http.post("/page", json={"never": "seen"})
            counter.open.set()
        assert (first.result().status_code, second.result().status_code) == (200, 200)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["code"] == "busy"
        assert counter.served == ["/page", "/page"]

    asyncio.run(run())


def test_who_has_waited_too_long_is_asked_to_come_again() -> None:
    async def run() -> None:
        counter = Counter()
        async with client(counter, at_once=1, longest_wait_s=0.02) as http, asyncio.TaskGroup() as tasks:
            first = tasks.create_task(http.get("/page"))
            await settled()
            assert (await http.get("/page")).status_code == 503
            counter.open.set()
            assert (await first).status_code == 200
            assert (await http.get("/page")).status_code == 200

    asyncio.run(run())


def test_slow_sender_takes_no_place_before_its_request_is_whole() -> None:
    async def run() -> None:
        counter, sent = Counter(), asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"a"
            await sent.wait()
            yield b"b"

        async with client(counter, at_once=1, longest_queue=0) as http, asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(http.post("/slow", content=body()))
            await settled()
            assert (await http.get("/quick")).status_code == 200
            sent.set()
        assert slow.result().status_code == 200
        assert counter.served == ["/quick", "/slow"]

    asyncio.run(run())


def counted(where: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND {where}"
        )
        return int(cursor.fetchone()[0])


@contextmanager
def users_locked() -> Iterator[None]:
    """Whoever asks who he is waits in the database."""
    with closing(psycopg2.connect(database_url())) as holder, holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE drivers_user IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.promise("R7")
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Only PostgreSQL counts connections")
def test_connections_to_the_database_are_bounded_however_many_ask(
    transactional_db: None, tmp_path: Path
) -> None:
    token = AccessToken.for_user(DriverFactory().user)
    headers = {"Authorization": f"Bearer {token}"}
    with (
        serving(tmp_path / "server.log", BALANCE_RUNNER="none", HTTP_AT_ONCE=str(AT_ONCE)) as server,
        ThreadPoolExecutor(ASKING) as pool,
    ):
        get: Callable[[str], httpx.Response] = lambda path: httpx.get(  # noqa: E731
            f"{server.http}{path}", headers=headers, timeout=30
        )
        with users_locked():
            asked = [pool.submit(get, "/fleet/vehicles") for _ in range(ASKING)]
            until(lambda: counted("wait_event_type = 'Lock'") >= AT_ONCE, wait_s=15)
            told = [get(path).status_code for path in ("/healthz", "/readyz", "/healthz")]
            waiting, connections = counted("wait_event_type = 'Lock'"), counted("true")
        assert [answer.result().status_code for answer in asked] == [200] * ASKING
    assert told == [200] * 3
    assert waiting == AT_ONCE
    assert AT_ONCE < connections <= AT_ONCE + BESIDE
