"""The processes of an install, each with its command: docker-compose.yml, the units for systemd and `manage.py stack` run these."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from evbalancer.ops.periodic import Lane

ROOT: Final = Path(__file__).resolve().parents[2]
LOOK_EVERY_S: Final = 0.2
# One that ends at once, again and again, must not take the machine.
REST_S: Final = 5.0
STOP_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Kind:
    """`arguments` are Python's; `{number}` and `{port}` stand for what differs between processes of a kind."""

    name: str
    arguments: tuple[str, ...]


def celery_of(*words: str) -> tuple[str, ...]:
    return ("-m", "celery", "--app", "evbalancer.celery", *words, "--loglevel", "WARNING")


def _worker(name: str, queues: str, *, at_once: int) -> Kind:
    node = f"{queues.split(',', maxsplit=1)[0]}{{number}}@%h"
    words = ("worker", "--queues", queues, "--concurrency", str(at_once), "--hostname", node)
    return Kind(name, celery_of(*words))


WEB: Final = Kind("web", ("manage.py", "serve", "--port", "{port}"))
WORKER: Final = _worker("worker", Lane.BALANCER.queue, at_once=2)
OTHER_LANES: Final = tuple(lane for lane in Lane if lane is not Lane.BALANCER)
# What hangs, hangs alone: each lane has a worker.
OTHERS: Final = tuple(_worker(f"worker-{lane.queue}", lane.queue, at_once=1) for lane in OTHER_LANES)
# In place of these on a small machine: one worker, of which a lane that hangs takes one process a turn.
TOGETHER: Final = _worker("worker-others", ",".join(lane.queue for lane in OTHER_LANES), at_once=4)
BEAT: Final = Kind("beat", celery_of("beat", "--pidfile="))
METERS: Final = Kind("meters", ("manage.py", "read_meters"))
KINDS: Final = (WEB, WORKER, *OTHERS, BEAT, METERS)


@dataclass(frozen=True, slots=True)
class Planned:
    name: str
    arguments: tuple[str, ...]


def plan(*, web: int, workers: int, port: int, together: bool = False) -> list[Planned]:
    """`web` servers on ports from `port` on, `workers` of the balancing queue, and one of every other kind.

    With `together` one worker serves all queues but the balancer's.
    """
    counts = {WEB: web, WORKER: workers}
    kinds = (WEB, WORKER, TOGETHER, BEAT, METERS) if together else KINDS
    return [
        Planned(
            f"{kind.name}-{number}",
            tuple(part.format(number=number, port=port + number - 1) for part in kind.arguments),
        )
        for kind in kinds
        for number in range(1, counts.get(kind, 1) + 1)
    ]


@dataclass
class _Running:
    planned: Planned
    process: "subprocess.Popen[bytes]"
    begun_s: float


@dataclass
class Stack:
    """Starts what is planned, starts again what ends, and ends all of it with itself."""

    plans: list[Planned]
    tell: Callable[[str], object]
    _running: list[_Running] = field(default_factory=list)
    _is_ending: bool = False

    def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        before = {each: signal.signal(each, self._end) for each in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._running = [self._start(planned) for planned in self.plans]
            while not self._is_ending:
                time.sleep(LOOK_EVERY_S)
                self._running = [self._look(running) for running in self._running]
        finally:
            self._stop()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._is_ending = True

    def _start(self, planned: Planned) -> _Running:
        process = subprocess.Popen(  # noqa: S603 (our own manage.py and Celery)
            [sys.executable, *planned.arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            # A Ctrl-C at the terminal is for this process, which then ends them in order.
            start_new_session=True,
        )
        self.tell(f"{planned.name}: process {process.pid}, {' '.join(planned.arguments)}")
        return _Running(planned, process, time.monotonic())

    def _look(self, running: _Running) -> _Running:
        code = running.process.poll()
        if code is None or self._is_ending or time.monotonic() - running.begun_s < REST_S:
            return running
        self.tell(f"{running.planned.name}: ended with {code}, is started again")
        return self._start(running.planned)

    def _stop(self) -> None:
        for process in self._alive():
            process.send_signal(signal.SIGTERM)
        deadline_s = time.monotonic() + STOP_S
        for process in self._alive():
            try:
                process.wait(timeout=max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _alive(self) -> Iterator["subprocess.Popen[bytes]"]:
        return (each.process for each in self._running if each.process.poll() is None)
