"""Who is balanced next, when many ask at once."""

import asyncio
import threading
from uuid import UUID, uuid4

import pytest

from evbalancer.ops import scheduler
from evbalancer.ops.scheduler import Scheduler


class Runs:
    """In place of the balancer: notes whose turn it is, and lets the first run last until it is told to end."""

    def __init__(self) -> None:
        self.order: list[UUID] = []
        self.began = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, cluster_id: UUID, **options: object) -> None:
        self.order.append(cluster_id)
        self.began.set()
        assert self.may_end.wait(5)


@pytest.fixture
def runs(monkeypatch):
    found = Runs()
    monkeypatch.setattr(scheduler, "rebalance", found)
    monkeypatch.setattr(scheduler, "warm_up", lambda: None)
    monkeypatch.setattr(scheduler, "GATHER_S", 0.0)
    return found


def play(script) -> None:
    async def run() -> None:
        balancer = Scheduler(())
        balancer.start()
        try:
            async with asyncio.timeout(10):
                await script(balancer)
        finally:
            await balancer.stop()

    asyncio.run(run())


async def until(condition) -> None:
    while not condition():  # noqa: ASYNC110 (a thread makes it true)
        await asyncio.sleep(0.001)


def test_cut_of_a_quiet_cluster_waits_for_the_run_that_has_begun_and_not_for_a_storm(runs):
    storm, quiet = [uuid4() for _ in range(20)], uuid4()

    async def script(balancer):
        for cluster_id in storm:
            balancer.wake(cluster_id)
        await until(runs.began.is_set)
        balancer.wake(quiet)
        await asyncio.sleep(0)
        runs.may_end.set()
        await until(lambda: len(runs.order) == len(storm) + 1)

    play(script)
    assert runs.order[1] == quiet
    assert sorted(runs.order) == sorted([*storm, quiet])


def test_cluster_that_keeps_asking_rests_while_another_is_served(runs, monkeypatch):
    monkeypatch.setattr(scheduler, "LONGEST_REST_S", 1_000.0)
    monkeypatch.setattr(scheduler, "REST_PER_S", 1e9)
    runs.may_end.set()
    busy, quiet = uuid4(), uuid4()

    async def script(balancer):
        balancer.wake(busy)
        await until(lambda: runs.order == [busy])
        balancer.wake(busy)
        balancer.wake(quiet)
        await until(lambda: len(runs.order) == 2)

    play(script)
    assert runs.order == [busy, quiet]


def test_cluster_that_rests_has_its_turn_when_the_rest_is_over(runs, monkeypatch):
    monkeypatch.setattr(scheduler, "LONGEST_REST_S", 0.05)
    monkeypatch.setattr(scheduler, "REST_PER_S", 1e9)
    runs.may_end.set()
    busy = uuid4()

    async def script(balancer):
        balancer.wake(busy)
        await until(lambda: runs.order == [busy])
        balancer.wake(busy)
        await until(lambda: runs.order == [busy, busy])

    play(script)
