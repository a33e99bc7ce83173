"""An export goes out while it is made, waits for its reader, and ends with it: by the server that we run."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest
import uvicorn
from django.core.asgi import get_asgi_application
from django.http import HttpRequest
from django.test import override_settings
from django.urls import path

from evbalancer.common.admin.export import stream
from evbalancer.common.web.streaming import PiecemealResponse
from tests.chargers.conftest import until

ROWS, WORD = 100_000, "x" * 4_000


class Export:
    """Rows without end for those who hang up, and how many of them were made."""

    def __init__(self) -> None:
        self.made, self.has_ended, self.first_waits_s = 0, False, 0.0
        self.rows_in_all = ROWS
        self.threads: set[int] = set()

    def rows(self) -> Iterator[list[object]]:
        try:
            time.sleep(self.first_waits_s)
            while self.made < self.rows_in_all:
                self.made += 1
                self.threads.add(threading.get_ident())
                yield [self.made, WORD]
        finally:
            self.has_ended = True

    def made_after(self, wait_s: float) -> int:
        time.sleep(wait_s)
        return self.made


export = Export()


def answer(request: HttpRequest) -> PiecemealResponse:
    return stream("all", ["number", "word"], export.rows())


urlpatterns = [path("all", answer)]


@contextmanager
def served() -> Iterator[str]:
    config = uvicorn.Config(get_asgi_application(), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()))
    thread.start()
    try:
        until(lambda: server.started, wait_s=10)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def address() -> Iterator[str]:
    export.__init__()
    middleware = ["django.middleware.common.CommonMiddleware"]
    with (
        override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=middleware, ALLOWED_HOSTS=["*"]),
        served() as url,
    ):
        yield f"{url}/all"


def test_first_line_comes_before_the_first_row_is_there(address: str) -> None:
    export.first_waits_s = 1.0
    began_s = time.monotonic()
    with httpx.stream("GET", address) as response:
        first = next(response.iter_bytes())
        assert time.monotonic() - began_s < 0.9
        assert first.startswith("\ufeff".encode())


def test_whoever_reads_slowly_has_nothing_piled_up_and_ends_it_by_hanging_up(address: str) -> None:
    with closing(httpx.Client()) as client, client.stream("GET", address) as response:
        pieces = response.iter_bytes(1024)
        next(pieces)
        until(lambda: export.made == export.made_after(0.5), wait_s=15)
        # What lies in the buffers of both ends, and no row more.
        assert export.made < ROWS / 2
        assert not export.has_ended
    until(lambda: export.has_ended, wait_s=5)
    assert export.made < ROWS / 2


def test_all_rows_arrive_and_one_thread_has_made_them(address: str) -> None:
    export.rows_in_all = 1_000
    text = httpx.get(address, timeout=60).text
    lines = text.splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("\ufeffnumber,word", f"1,{WORD}", f"1000,{WORD}")
    assert len(lines) == 1_001
    assert len(export.threads) == 1


def test_synchronous_servers_get_the_lines_as_they_are() -> None:
    response = PiecemealResponse(iter(["a", "", "b"]))
    assert b"".join(response.streaming_content) == b"ab"
