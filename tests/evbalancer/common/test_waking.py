"""Which cluster is balanced next when many ask at once, and how many wakes one run answers."""

import asyncio
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from evbalancer import celery
from evbalancer.common import waking
from evbalancer.common.cache import RedisOrMemory
from evbalancer.common.waking import WakeQueue
from scheduling import tasks
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.services


class Runs:
    """In place of the balancer: notes whose turn it is, and lets a run last until it may end."""

    def __init__(self) -> None:
        self.order: list[UUID] = []
        self.may_end = asyncio.Event()

    async def __call__(self, cluster_id: UUID) -> None:
        self.order.append(cluster_id)
        await self.may_end.wait()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(waking, "GATHER_S", 0.0)


def play(script) -> list[UUID]:
    async def run() -> list[UUID]:
        runs = Runs()
        queue = WakeQueue(runs)
        serving = asyncio.create_task(queue.serve())
        try:
            async with asyncio.timeout(10):
                await script(queue, runs)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        return runs.order

    return asyncio.run(run())


async def until(condition) -> None:
    while not condition():  # noqa: ASYNC110 (another task makes it true)
        await asyncio.sleep(0)


def test_cut_of_a_quiet_cluster_waits_for_the_run_that_has_begun_and_not_for_a_storm():
    storm, quiet = [uuid4() for _ in range(20)], uuid4()

    async def script(queue, runs):
        for cluster_id in storm:
            queue.wake(cluster_id)
        await until(lambda: runs.order)
        queue.wake(quiet)
        await asyncio.sleep(0)
        runs.may_end.set()
        await until(lambda: len(runs.order) == len(storm) + 1)

    order = play(script)
    assert order[1] == quiet
    assert sorted(order) == sorted([*storm, quiet])


def test_cluster_that_keeps_asking_rests_while_another_is_served(monkeypatch):
    monkeypatch.setattr(waking, "LONGEST_REST_S", 1_000.0)
    monkeypatch.setattr(waking, "REST_PER_S", 1e9)
    busy, quiet = uuid4(), uuid4()

    async def script(queue, runs):
        runs.may_end.set()
        queue.wake(busy)
        await until(lambda: runs.order == [busy])
        queue.wake(busy)
        queue.wake(quiet)
        await until(lambda: len(runs.order) == 2)

    assert play(script) == [busy, quiet]


def test_cluster_that_rests_has_its_turn_when_the_rest_is_over(monkeypatch):
    monkeypatch.setattr(waking, "LONGEST_REST_S", 0.05)
    monkeypatch.setattr(waking, "REST_PER_S", 1e9)
    busy = uuid4()

    async def script(queue, runs):
        runs.may_end.set()
        queue.wake(busy)
        await until(lambda: runs.order == [busy])
        queue.wake(busy)
        await until(lambda: runs.order == [busy, busy])

    play(script)


@pytest.fixture
def sent(monkeypatch):
    found = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, args, **_: found.append((name, *args)))
    return found


@pytest.mark.django_db
def test_many_wakes_ask_for_one_rebalance(sent, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(waking, "_answerers", [waking.ask_worker])
    cluster = CircuitFactory().cluster
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        for _ in range(5):
            waking.wake_balancer(cluster.pk)
    asked = ("scheduling.rebalance_cluster", str(cluster.pk))
    assert sent == [asked]
    tasks.rebalance_cluster(str(cluster.pk))
    waking.ask_worker(cluster.pk)
    assert sent == [asked, asked]


def test_worker_can_not_be_asked_while_redis_is_away(sent, settings, monkeypatch):
    monkeypatch.setattr(RedisOrMemory, "_away_until_s", 0.0)
    settings.CACHES = {
        "default": {"BACKEND": "evbalancer.common.cache.RedisOrMemory", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert not waking.ask_worker(uuid4())
    assert sent == []
