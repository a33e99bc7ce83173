import pytest
from django.utils import timezone

from evbalancer import celery
from evbalancer.common.cache import RedisOrMemory
from evbalancer.ops import inprocess
from scheduling.models import RebalanceRun
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


class Wakes(list):
    """In place of the scheduler."""

    wake = list.append


@pytest.mark.promise("E12")
def test_web_process_balances_while_redis_is_away(settings, monkeypatch):
    cluster = CircuitFactory().cluster
    balanced, sent = Wakes(), []
    monkeypatch.setattr(inprocess, "_scheduler", balanced)
    monkeypatch.setattr(celery.app, "send_task", lambda name, args, **_: sent.append((name, *args)))
    monkeypatch.setattr(RedisOrMemory, "_away_until_s", 0.0)
    before = settings.CACHES
    settings.CACHES = {
        "default": {"BACKEND": "evbalancer.common.cache.RedisOrMemory", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    inprocess._ask_worker_or_balance(cluster.pk)
    assert (balanced, sent) == ([cluster.pk], [])
    stand_in = inprocess._STANDING_IN
    assert list(stand_in.over()) == [cluster.pk]
    stand_in.run(cluster.pk, now=timezone.now())
    assert RebalanceRun.objects.filter(cluster=cluster).count() == 1

    settings.CACHES = before
    assert list(stand_in.over()) == []
    inprocess._ask_worker_or_balance(cluster.pk)
    assert sent == [("scheduling.rebalance_cluster", str(cluster.pk))]
    assert balanced == [cluster.pk]
