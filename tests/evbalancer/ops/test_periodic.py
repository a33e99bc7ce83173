"""Every row of the table is run by both runners: the in-process scheduler, and Celery as its beat was told."""

import asyncio
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from chargers.domain.orders import delivery
from chargers.domain.sessions import zombies
from chargers.domain.sockets import connections
from evbalancer import celery
from evbalancer.ops import inprocess, periodic, scheduler
from evbalancer.ops.periodic import ROWS, Lane, Row
from grid.models import IdempotencyKey
from scheduling.models import RebalanceRun
from tests.factories.grid import CircuitFactory, ClusterFactory

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OF_EACH_SERVER = [
    ("lose orphaned", delivery.lose_orphaned),
    ("end zombies", zombies.end_zombies),
    ("end lapsed leases", connections.end_lapsed_leases),
    ("expire unsent", delivery.expire_unsent),
]


@pytest.fixture
def ran(monkeypatch):
    """Names of rows as they are run, with what each was run for; nothing else happens."""
    found = []
    a_cluster = uuid4()

    def recording(row):
        def run(*one, now):
            found.append((row.name, *one))

        return replace(row, run=run, over=row.over and (lambda: [a_cluster]))

    monkeypatch.setattr(periodic, "ROWS", tuple(map(recording, ROWS)))
    monkeypatch.setattr(inprocess, "ROWS", periodic.ROWS)
    monkeypatch.setattr(scheduler, "warm_up", lambda: None)
    return found


@pytest.fixture
def eager():
    celery.app.loader.import_default_modules()  # as a worker does
    celery.app.conf.task_always_eager = True
    celery.app.conf.task_eager_propagates = True
    yield
    celery.app.conf.task_always_eager = False


def beat() -> None:
    """Send all that is registered, as beat does when it is due."""
    for row in PeriodicTask.objects.exclude(task__startswith="celery."):
        celery.app.tasks[row.task].apply_async(json.loads(row.args), json.loads(row.kwargs), queue=row.queue)


def test_in_process_scheduler_runs_every_row(ran, settings):
    settings.BALANCE_RUNNER = "inprocess"

    async def serve() -> None:
        inprocess.start()
        try:
            async with asyncio.timeout(10):
                while len(ran) < len(ROWS):  # noqa: ASYNC110 (threads fill it)
                    await asyncio.sleep(0.001)
        finally:
            await inprocess.stop()

    asyncio.run(serve())
    assert {name for name, *_ in ran} == {row.name for row in ROWS}
    assert {name for name, *one in ran if one} == {row.name for row in ROWS if row.over}


@pytest.mark.django_db
def test_celery_runs_every_row(ran, eager):
    call_command("register_periodic_tasks", stdout=StringIO())
    beat()
    assert sorted(name for name, *_ in ran) == sorted(row.name for row in ROWS)
    assert {name for name, *one in ran if one} == {row.name for row in ROWS if row.over}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_opens_the_transactions_that_it_needs(row):
    cluster = CircuitFactory().cluster
    # Outside any transaction, as both runners do it; twice is harmless.
    for _ in range(2):
        for one in [()] if row.over is None else [(each,) for each in row.over()]:
            row.run(*one, now=NOW)
    assert row.over is None or list(row.over()) == [cluster.pk]


@pytest.mark.django_db(transaction=True)
def test_work_of_each_server_opens_the_transactions_that_it_needs():
    for _, run in OF_EACH_SERVER:
        run(now=NOW)


@pytest.mark.django_db
def test_rebalance_of_all_is_a_task_a_cluster(eager):
    clusters = [CircuitFactory().cluster, CircuitFactory().cluster]
    ClusterFactory(retired_at="2026-01-01T00:00:00Z")
    celery.app.tasks["evbalancer.run_periodic"].delay("Rebalance all clusters")
    assert set(RebalanceRun.objects.values_list("cluster_id", flat=True)) == {
        cluster.pk for cluster in clusters
    }


@pytest.mark.django_db
def test_unknown_row_says_what_to_do(eager):
    with pytest.raises(LookupError, match="register_periodic_tasks"):
        celery.app.tasks["evbalancer.run_periodic"].delay("Count the stars")


@pytest.mark.django_db(transaction=True)
def test_process_without_redis_prunes_what_is_out_of_date(settings, monkeypatch):
    settings.BALANCE_RUNNER = "inprocess"
    old = timezone.now() - timedelta(days=3)
    key = IdempotencyKey.objects.create(
        scope="any", key="any", request_digest="", response_status=200, response_body=""
    )
    IdempotencyKey.objects.filter(pk=key.pk).update(created_at=old)
    OutstandingToken.objects.create(jti="any", token="any", expires_at=old)
    done = threading.Semaphore(0)

    def counted(row: Row) -> Row:
        return replace(row, run=lambda now: (row.run(now=now), done.release()))

    pruning = {"Prune sign-in tokens", "Prune idempotency keys"}
    monkeypatch.setattr(inprocess, "ROWS", [counted(row) for row in ROWS if row.name in pruning])
    monkeypatch.setattr(scheduler, "warm_up", lambda: None)

    async def serve() -> None:
        inprocess.start()
        try:
            for _ in pruning:
                await asyncio.to_thread(done.acquire, timeout=10)
        finally:
            await inprocess.stop()

    asyncio.run(serve())
    assert not IdempotencyKey.objects.exists()
    assert not OutstandingToken.objects.exists()


def test_names_are_of_one_row_each():
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.promise("C6")
def test_calls_to_providers_have_threads_queues_and_workers_of_their_own():
    apart = {
        lane.queue: {row.name for row in ROWS if row.lane is lane}
        for lane in Lane
        if lane not in {Lane.BALANCER, Lane.CHORES}
    }
    assert apart == {
        "prices": {"Ask for energy signals", "Poll demand programs"},
        "cars": {"Refresh vehicle tokens", "Finish disconnecting vehicles", "Refresh vehicle states"},
        "mail": {"Send mails", "Send web pushes", "Deliver webhooks"},
        "alarms": {"Send alarms"},
        # What only learns from the past takes seconds of processor.
        "computing": {
            "Learn which cars usually come",
            "Measure what the order in a shortage costs",
            "Measure what aims cost",
            "Compare sessions with charging at once",
        },
        "clearing": {
            "Prune webhook events",
            "Prune sign-in tokens",
            "Prune idempotency keys",
            "Clear what is over its time",
        },
    }
    assert [row.name for row in ROWS if row.lane is Lane.BALANCER] == ["Rebalance all clusters"]
