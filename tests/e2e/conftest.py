"""The real server process on the tests' database, and a small site of simulated charge points beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.db import connection

from evbalancer.common.loopback import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S = 120
STOP_S = 15


@dataclass
class Server:
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ocpp(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"The server ended while starting:\n{self.log.read_text()[-3000:]}")
            try:
                if httpx.get(f"{self.http}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail(f"The server did not answer within {START_S} s:\n{self.log.read_text()[-3000:]}")

    def end(self, *, with_signal: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        self.process.send_signal(with_signal)
        try:
            self.process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


def database_url() -> str:
    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    user = f"{chosen['USER']}:{chosen['PASSWORD']}" if chosen["PASSWORD"] else chosen["USER"]
    return f"postgres://{user}@{chosen['HOST'] or '127.0.0.1'}:{chosen['PORT'] or 5432}/{chosen['NAME']}"


@contextmanager
def serving(log: Path, **environment: str) -> Iterator[Server]:
    server = Server(
        port=free_port(),
        log=log,
        environment={
            "DJANGO_SETTINGS_MODULE": "evbalancer.settings",
            "EVB_DEMO": "1",
            "DEBUG": "0",
            "SECRET_KEY": settings.SECRET_KEY,
            "CHARGER_KEY_PEPPER": settings.CHARGER_KEY_PEPPER,
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "BALANCE_RUNNER": "inprocess",
            "LOG_FORMAT": "json",
            **environment,
        },
    )
    try:
        server.start()
        yield server
    finally:
        server.end()


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "server.log") as running:
        yield running
    # What a hand at a terminal would see: no traceback, ever.
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def start_server(transactional_db: None, tmp_path: Path) -> Callable[..., object]:
    """For tests that choose the server's environment, or kill it: `with start_server(NAME=value) as server`."""
    return lambda **environment: serving(tmp_path / "server.log", **environment)
