import asyncio
import os
import secrets
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from evbalancer.life.clock import Stuck, run_simulated, simulated

BEGIN = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)


def run(act, *, seed=1):
    with simulated(begin=BEGIN, seed=seed) as clock:
        return run_simulated(clock, act())


def test_hours_pass_in_a_moment_and_for_every_clock_alike():
    async def act():
        loop, begun = asyncio.get_running_loop(), (time.time(), time.monotonic())
        looped_s = loop.time()
        await asyncio.sleep(7_200)
        return datetime.now(UTC), time.time() - begun[0], time.monotonic() - begun[1], loop.time() - looped_s

    real_s = time.perf_counter()
    now, *passed_s = run(act)
    assert now == BEGIN + timedelta(hours=2)
    assert passed_s == [7_200, 7_200, 7_200]
    assert time.perf_counter() - real_s < 60


def test_tasks_run_in_the_order_of_their_moments():
    async def act():
        order = []

        async def later(seconds):
            await asyncio.sleep(seconds)
            order.append(seconds)

        await asyncio.gather(*(later(seconds) for seconds in (30, 0.001, 7, 1e5)))
        return order

    assert run(act) == [0.001, 7, 30, 1e5]


def test_a_timeout_ends_a_wait():
    async def act():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(600):
                await asyncio.get_running_loop().create_future()
        return datetime.now(UTC)

    assert run(act) == BEGIN + timedelta(minutes=10)


def test_chance_is_that_of_the_seed():
    async def act():
        return uuid4(), secrets.token_hex(8), os.urandom(4)

    assert run(act, seed=7) == run(act, seed=7)
    assert run(act, seed=7) != run(act, seed=8)


def test_waiting_for_nothing_is_an_error():
    async def act():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Stuck):
        run(act)
