"""What a real worker does with tasks that kill its processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.db import transaction

from chargers.enums import CommandKind, ConnectorStatus
from chargers.models import ChargePoint, ChargerCommand, Connector
from evbalancer.celery import app
from evbalancer.common import waking
from scheduling.models import RebalanceRun
from tests.chargers.conftest import until
from tests.e2e import site
from tests.e2e.conftest import ROOT, database_url
from tests.scheduling.domain.balancing.test_rebalance_race import start

PATIENCE_S = 60

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.REDIS_URL, reason="Celery needs a broker: the gate with Redis runs this"),
]


@pytest.fixture
def queue() -> str:
    return f"test-{uuid4().hex}"


@contextmanager
def working(queue: str, tmp_path: Path) -> Iterator[None]:
    """A worker with one process, until it has ended."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings_test",
        "DATABASE_URL": database_url(),
        "DEATHS": str(tmp_path),
    }
    command = [sys.executable, "-m", "celery", "--app", "tests.evbalancer.dying_worker", "worker"]
    options = ["--queues", queue, "--concurrency", "1", "--without-gossip", "--without-mingle"]
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen([*command, *options], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=PATIENCE_S)


@pytest.mark.promise("R5")
def test_task_that_kills_its_process_is_not_handed_out_again_and_a_run_that_died_leaves_nothing(
    queue, tmp_path
):
    built = site.build()
    Connector.objects.update(
        fallback_ma=0, fallback_confirmed_at=datetime.now(UTC), status=ConnectorStatus.CHARGING
    )
    ChargePoint.objects.update(online_until=datetime.now(UTC) + timedelta(days=1))
    with transaction.atomic():
        for number, identity in enumerate(("B1", "B5"), 1):
            start(identity, number=number)
    app.send_task("test.poison", queue=queue)
    for _ in range(2):
        app.send_task(waking.REBALANCE, args=[str(built.cluster.pk)], queue=queue)
    with working(queue, tmp_path):
        until(RebalanceRun.objects.exists, wait_s=PATIENCE_S)
    assert redis.Redis.from_url(settings.REDIS_URL).llen(queue) == 0
    deaths = {each: (tmp_path / each).read_text() for each in ("poison", "rebalance")}
    assert deaths == {"poison": "x", "rebalance": "x"}
    sent = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT).values_list(
        "connector__charge_point__identity", "limit_ma"
    )
    assert sorted(sent) == [("B1", 23_000), ("B5", 16_000)]
    assert RebalanceRun.objects.count() == 1
