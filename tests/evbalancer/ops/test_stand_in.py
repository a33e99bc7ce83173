"""A web process where Redis answers or not, and workers are there or not."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from evbalancer import celery
from evbalancer.common import waking
from evbalancer.common.cache import RedisOrMemory
from evbalancer.ops import inprocess, scheduler
from evbalancer.ops.stand_in import StandIn
from scheduling.domain.balancing import attendance
from scheduling.models import Attendance, RebalanceRun
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def cluster():
    return CircuitFactory().cluster


@pytest.fixture
def stand_in(monkeypatch):
    found = StandIn()
    found.woken = []
    monkeypatch.setattr(found.scheduler, "wake", found.woken.append)
    return found


@pytest.fixture
def sent(monkeypatch):
    found = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, args, **_: found.append((name, *args)))
    return found


@pytest.fixture
def without_redis(settings, monkeypatch):
    monkeypatch.setattr(RedisOrMemory, "_away_until_s", 0.0)
    settings.CACHES = {
        "default": {"BACKEND": "evbalancer.common.cache.RedisOrMemory", "LOCATION": "redis://127.0.0.1:1/0"}
    }


def look(stand_in: StandIn, *, after_s: float = 0) -> list[object]:
    """What the process does every few seconds. Returns for which clusters it stood in."""
    now = NOW + timedelta(seconds=after_s)
    found = stand_in.look_for_clusters(now=now)
    for cluster_id in found:
        stand_in.balance(cluster_id, now=now)
    return list(found)


def test_web_process_stands_in_when_workers_stop_and_steps_back_when_they_return(
    cluster, stand_in, sent, caplog
):
    attendance.note_run(cluster, stand_in="", now=NOW)
    assert look(stand_in, after_s=14) == []
    stand_in.answer_wake(cluster.pk)
    assert stand_in.woken == []
    with caplog.at_level(logging.WARNING, "evbalancer.ops.stand_in"):
        assert look(stand_in, after_s=15) == [cluster.pk]
        assert look(stand_in, after_s=18) == [cluster.pk]
    # One line when it begins, and none for each round.
    assert [record.getMessage() for record in caplog.records] == [
        "No worker balances 1 clusters (last run: 2026-03-01T12:00:00+00:00): this process stands in for the workers"
    ]
    assert RebalanceRun.objects.filter(cluster=cluster).exists()
    row = Attendance.objects.get()
    assert (row.regular_at, row.stood_in_at, row.stand_in) == (
        NOW,
        NOW + timedelta(seconds=18),
        stand_in.name,
    )
    # A worker is asked too: it may be back.
    stand_in.answer_wake(cluster.pk)
    assert (stand_in.woken, len(sent)) == ([cluster.pk], 1)

    caplog.clear()
    attendance.note_run(cluster, stand_in="", now=NOW + timedelta(seconds=20))
    with caplog.at_level(logging.WARNING, "evbalancer.ops.stand_in"):
        assert look(stand_in, after_s=21) == []
    assert ["again" in record.getMessage() for record in caplog.records] == [True]
    stand_in.answer_wake(cluster.pk)
    assert stand_in.woken == [cluster.pk]


def test_two_web_processes_do_not_balance_the_same_cluster_twice(cluster, stand_in):
    other = StandIn()
    other.name = "another machine (process 1)"
    # Both looked before either balanced.
    assert list(stand_in.look_for_clusters(now=NOW)) == list(other.look_for_clusters(now=NOW)) == [cluster.pk]
    stand_in.balance(cluster.pk, now=NOW)
    other.balance(cluster.pk, now=NOW)
    assert Attendance.objects.get().stand_in == stand_in.name
    assert look(other, after_s=3) == []
    # The first one ended.
    assert look(other, after_s=10) == [cluster.pk]
    assert Attendance.objects.get().stand_in == other.name
    assert look(stand_in, after_s=12) == []


def test_worker_that_comes_first_is_not_followed_by_the_stand_in(cluster, stand_in):
    assert list(stand_in.look_for_clusters(now=NOW)) == [cluster.pk]
    attendance.note_run(cluster, stand_in="", now=NOW)
    stand_in.balance(cluster.pk, now=NOW)
    assert Attendance.objects.get().stood_in_at is None


@pytest.mark.promise("E12")
@pytest.mark.usefixtures("without_redis")
def test_web_process_balances_while_redis_is_away(cluster, stand_in, sent):
    attendance.note_run(cluster, stand_in="", now=NOW)
    stand_in.answer_wake(cluster.pk)
    assert (stand_in.woken, sent) == ([cluster.pk], [])
    # At once: no worker can be asked, whenever it balanced last.
    assert look(stand_in) == [cluster.pk]
    assert Attendance.objects.get().stand_in == stand_in.name


def test_process_answers_wakes_in_one_way_only(settings, monkeypatch):
    monkeypatch.setattr(scheduler, "warm_up", lambda: None)
    monkeypatch.setattr(waking, "_answerers", [waking.ask_worker])
    monkeypatch.setattr(StandIn, "look_for_clusters", lambda *_, **__: [])
    settings.BALANCE_RUNNER = "celery"

    async def serve() -> None:
        inprocess.start()
        assert [answer.__name__ for answer in waking._answerers] == ["answer_wake"]
        await inprocess.stop()
        assert waking._answerers == []

    asyncio.run(serve())
