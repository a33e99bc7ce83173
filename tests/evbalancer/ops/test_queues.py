"""Queues of Celery: what waits in them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis
from django.conf import settings

from evbalancer.ops import queues
from evbalancer.ops.doctor import install
from evbalancer.tasks import run_periodic

needs_redis = pytest.mark.skipif(
    not settings.REDIS_URL, reason="Celery needs a broker: the gate with Redis runs this"
)


@pytest.fixture
def broker(settings) -> Iterator[redis.Redis]:
    """This worker's database of Redis without tasks of others."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    settings.BALANCE_RUNNER, settings.BALANCE_SHARDS = "celery", 2
    client.delete(*queues.queue_names())
    yield client
    client.delete(*queues.queue_names())


@pytest.mark.services
@needs_redis
def test_depth_of_a_queue_is_what_waits_in_it(broker) -> None:
    run_periodic.apply_async(("Send mails",), queue="mail")
    run_periodic.apply_async(("Send mails",), queue="mail")
    run_periodic.apply_async(("Rebalance all clusters",), queue="balance-1")
    waiting = {name: depth for name, depth in queues.read_depths().items() if depth}
    assert waiting == {"mail": 2, "balance-1": 1}
    assert set(queues.read_depths()) == set(queues.queue_names())


@pytest.mark.services
@needs_redis
def test_doctor_names_a_queue_that_nobody_serves(broker) -> None:
    now = datetime.now(UTC)
    assert [finding.grade.value for finding in install.look_at_queues(now)] == ["fine"]
    for _ in range(queues.UNSERVED):
        run_periodic.apply_async(("Ask for energy signals",), queue="prices")
    (finding,) = install.look_at_queues(now)
    assert (finding.grade.value, finding.said) == ("error", "100 tasks wait in the queue prices.")
    assert "--queues prices" in finding.step


def test_depths_are_unknown_where_no_worker_is_asked_and_while_redis_is_away(settings, monkeypatch) -> None:
    settings.BALANCE_RUNNER = "inprocess"
    assert queues.read_depths() == {}
    settings.BALANCE_RUNNER = "celery"
    assert queues.read_depths()["mail"] == 0
    monkeypatch.setattr(queues, "redis_is_away", lambda: True)
    assert queues.read_depths() == {}
