"""Simulated time: an event loop that never waits, and all that the product asks for time and chance answered from one seed.

When every task waits, the loop moves the clock to the moment that the first of them waits for. `datetime.now`, `time.time` and
`time.monotonic` follow it. Ids, keys and tokens come from the seed, through `os.urandom`.
"""

import asyncio
import os
import random
import selectors
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar
from unittest import mock

import time_machine

T = TypeVar("T")
# What `time.monotonic` says at the beginning. A loop must not begin at 0: "never" is often written so.
FIRST_MONOTONIC_S = 1_000.0


class Stuck(RuntimeError):  # noqa: N818 (named for what happened)
    """Every task waits for another one, and none for a moment in time."""


class Clock:
    """The one clock of a simulated life. What it shows of the day may be wrong; `monotonic` is not."""

    def __init__(self, travel: Any) -> None:
        self._travel = travel
        self.monotonic_s = FIRST_MONOTONIC_S
        self.wrong_s = 0.0

    def monotonic(self) -> float:
        return self.monotonic_s

    def advance(self, seconds: float) -> None:
        self.monotonic_s += seconds
        self._travel.shift(seconds)

    def step(self, seconds: float) -> None:
        """Show another time of the day from now on, as a machine does whose clock is set."""
        self.wrong_s += seconds
        self._travel.shift(seconds)


@contextmanager
def simulated(*, begin: datetime, seed: int) -> Iterator[Clock]:
    """Inside, time stands still unless the clock is advanced, and chance is that of the seed."""
    chance = random.Random(f"life:{seed}")
    with time_machine.travel(begin, tick=False) as travel:
        clock = Clock(travel)
        with (
            mock.patch.object(time, "monotonic", clock.monotonic),
            mock.patch.object(time, "perf_counter", clock.monotonic),
            mock.patch.object(time, "sleep", clock.advance),
            mock.patch.object(os, "urandom", chance.randbytes),
            mock.patch.object(random, "_urandom", chance.randbytes),
        ):
            random.seed(seed)
            yield clock


def run_simulated(clock: Clock, life: Coroutine[Any, Any, T]) -> T:
    """The result of `life`, run on a loop of its own that leaves no task behind."""
    loop = SimulatedLoop(clock)
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(life)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()


def true_time() -> float:
    """The time of the day as it really is, whatever the server's clock shows."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return time.time()
    return time.time() - (loop.clock.wrong_s if isinstance(loop, SimulatedLoop) else 0.0)


def step_clock(seconds: float) -> None:
    """Set the server's clock, on the running loop of a simulated life."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SimulatedLoop):
        raise TypeError(loop)
    loop.clock.step(seconds)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Runs what is due, then moves the clock to what is due next."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        super().__init__(_Selector(clock))
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.clock.monotonic_s


class _Selector(selectors.SelectSelector):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise Stuck
            if timeout > 0:
                self._clock.advance(timeout)
        return events
