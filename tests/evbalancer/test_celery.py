from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from evbalancer import celery
from evbalancer.common import topics
from evbalancer.common.cache import RedisOrMemory
from evbalancer.management.commands.register_periodic_tasks import PERIODIC
from evbalancer.ops import inprocess
from scheduling import tasks
from scheduling.models import RebalanceRun
from tests.factories.grid import CircuitFactory, ClusterFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def eager(settings):
    celery.app.loader.import_default_modules()  # as a worker does
    celery.app.conf.task_always_eager = True
    celery.app.conf.task_eager_propagates = True
    yield
    celery.app.conf.task_always_eager = False


def register():
    call_command("register_periodic_tasks", stdout=StringIO())


def test_every_periodic_task_has_a_function_and_a_queue_that_a_worker_serves():
    celery.app.loader.import_default_modules()
    assert {spec.task for spec in PERIODIC} <= set(celery.app.tasks)
    routed = {spec.task: spec.queue for spec in PERIODIC}
    assert {task.split(".")[0] for task, queue in routed.items() if queue == "provider"} == {
        "fleet",
        "drivers",
        "grid",
        "scheduling",
    }
    elsewhere = {
        task for task, queue in routed.items() if queue == "provider" and task.startswith("scheduling.")
    }
    assert elsewhere == {"scheduling.learn_arrivals", "scheduling.price_sharing"}


def test_periodic_tasks_are_registered_once():
    register()
    register()
    assert PeriodicTask.objects.exclude(name="celery.backend_cleanup").count() == len(PERIODIC)


def test_an_operators_edits_survive():
    register()
    slow, _ = IntervalSchedule.objects.get_or_create(every=77, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.filter(task="scheduling.scan_abuse").update(interval=slow, enabled=False)
    register()
    row = PeriodicTask.objects.get(task="scheduling.scan_abuse")
    assert (row.interval, row.enabled) == (slow, False)


def test_a_task_that_was_renamed_is_mended():
    register()
    PeriodicTask.objects.filter(name="Scan for abuse").update(task="old.name")
    register()
    assert PeriodicTask.objects.get(name="Scan for abuse").task == "scheduling.scan_abuse"


def test_rebalance_all_is_a_task_a_cluster(eager):
    clusters = [CircuitFactory().cluster, CircuitFactory().cluster]
    ClusterFactory(retired_at="2026-01-01T00:00:00Z")
    tasks.rebalance_all.delay()
    assert set(RebalanceRun.objects.values_list("cluster_id", flat=True)) == {
        cluster.pk for cluster in clusters
    }


@pytest.mark.parametrize("name", [spec.task for spec in PERIODIC])
def test_every_periodic_task_runs_twice(eager, name):
    CircuitFactory()
    for _ in range(2):
        celery.app.tasks[name].delay()


def test_many_wakes_ask_for_one_rebalance(monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, args, **_: sent.append((name, *args)))
    monkeypatch.setattr(topics, "_wakers", [celery.ask_for_rebalance])
    cluster = CircuitFactory().cluster
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        for _ in range(5):
            topics.wake_balancer(cluster.pk)
    assert sent == [("scheduling.rebalance_cluster", str(cluster.pk))]
    tasks.rebalance_cluster(str(cluster.pk))
    assert cache.get(topics.wake_mark(cluster.pk)) is None
    celery.ask_for_rebalance(cluster.pk)
    assert len(sent) == 2


@pytest.mark.promise("E12")
def test_web_process_balances_while_redis_is_away(settings, monkeypatch):
    cluster = CircuitFactory().cluster
    balanced = []
    monkeypatch.setattr(celery, "_stand_in", balanced.append)
    monkeypatch.setattr(RedisOrMemory, "_away_until_s", 0.0)
    before = settings.CACHES
    settings.CACHES = {
        "default": {"BACKEND": "evbalancer.common.cache.RedisOrMemory", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    celery.ask_for_rebalance(cluster.pk)
    assert balanced == [cluster.pk]
    stand_in = inprocess._STANDING_IN
    assert list(stand_in.over()) == [cluster.pk]
    stand_in.run(cluster.pk, now=timezone.now())
    assert RebalanceRun.objects.filter(cluster=cluster).count() == 1

    settings.CACHES = before
    sent = []
    monkeypatch.setattr(celery.app, "send_task", lambda name, args, **_: sent.append((name, *args)))
    assert list(stand_in.over()) == []
    celery.ask_for_rebalance(cluster.pk)
    assert sent == [("scheduling.rebalance_cluster", str(cluster.pk))]
    assert (len(balanced), RebalanceRun.objects.filter(cluster=cluster).count()) == (1, 1)
