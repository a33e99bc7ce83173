"""What a drill runs and ends: the web process, and with Redis a balancing worker and beat, as an operator runs them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from evbalancer.common.loopback import free_port
from evbalancer.ops.stack import BEAT, ROOT, celery_of

START_S, STOP_S = 90, 15
# All migrations, on a machine that others keep busy.
COMMAND_S = 900
# What a car and a lease take, shortened; the rules count with the same numbers.
BRISK = {
    "LEASE_S": "12",
    "HOLD_S": "45",
    "FALLBACK_WAIT_S": "55",
    "START_WAY_S": "15",
    "OCPP_HEARTBEAT_S": "5",
    "OCPP_METER_SAMPLE_S": "5",
    "OCPP_CALL_TIMEOUT_S": "5",
}
WORKERS = {
    "worker": celery_of("worker", "--queues", "balance,chores", "--concurrency", "1"),
    "beat": BEAT.arguments,
}


def end(process: "subprocess.Popen[bytes]", how: signal.Signals) -> None:
    """Signal and wait; a process that does not end in time is killed."""
    process.send_signal(how)
    try:
        process.wait(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass
class Server:
    """`manage.py serve` on a port of its own with short leases; workers beside it when `with_workers`."""

    log: Path
    environment: Mapping[str, str]
    with_workers: bool = False
    port: int = field(default_factory=free_port)
    _web: "subprocess.Popen[bytes] | None" = None
    _workers: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ocpp(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp"

    def manage(self, *arguments: str) -> None:
        """Run a command of manage.py to its end."""
        process = self._spawn("manage.py", *arguments)
        try:
            code = process.wait(timeout=COMMAND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        if code:
            raise RuntimeError(f"manage.py {arguments[0]} failed, see {self.log}")

    def start(self) -> None:
        self._web = self._spawn("manage.py", "serve", "--port", str(self.port))
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            if self._web.poll() is not None:
                raise RuntimeError(f"the server ended while starting, see {self.log}")
            try:
                if httpx.get(f"{self.http}/healthz", timeout=1).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the server did not answer within {START_S} s, see {self.log}")

    def start_workers(self) -> None:
        if self.with_workers:
            for name in WORKERS:
                self.start_worker(name)

    def start_worker(self, name: str) -> None:
        self._workers[name] = self._spawn(*WORKERS[name])

    def kill_worker(self, name: str) -> None:
        end(self._workers.pop(name), signal.SIGKILL)

    def kill(self) -> None:
        """The web process ends with -9, as when its machine goes; workers are elsewhere."""
        if self._web is not None:
            end(self._web, signal.SIGKILL)
            self._web = None

    def deploy(self) -> None:
        """As an upgrade does it: the web process ends in order, and another one starts."""
        if self._web is not None:
            end(self._web, signal.SIGTERM)
        self.start()

    def ended(self) -> list[str]:
        """What ended though nobody ended it."""
        running = {"web": self._web, **self._workers}
        return [
            name for name, process in running.items() if process is not None and process.poll() is not None
        ]

    def stop(self) -> None:
        for process in (self._web, *self._workers.values()):
            if process is not None and process.poll() is None:
                end(process, signal.SIGTERM)
        self._web, self._workers = None, {}

    def _spawn(self, *words: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 (our own manage.py and Celery)
                [sys.executable, *words],
                cwd=ROOT,
                env={**os.environ, **BRISK, **self.environment},
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
