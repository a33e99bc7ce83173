"""Workers as an install runs them, and a provider that never ends its answer."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import redis
from django.conf import settings

from chargers.models import Connector
from evbalancer.celery import app
from evbalancer.common import waking
from evbalancer.ops import queues, stack
from evbalancer.tasks import run_periodic
from pricing.enums import SignalKind
from pricing.models import EnergySignal
from scheduling.models import Attendance
from tests.chargers.conftest import until
from tests.e2e import site
from tests.e2e.conftest import ROOT, database_url
from tests.factories.pricing import EnergySignalFactory
from tests.loopback_server import LoopbackServer

PATIENCE_S = 60


@pytest.fixture
def empty_queues(settings) -> Iterator[None]:
    settings.BALANCE_RUNNER, settings.BALANCE_SHARDS = "celery", 2
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete(*queues.queue_names())
    yield
    client.delete(*queues.queue_names())


class Hanging(BaseHTTPRequestHandler):
    """A byte every second, and never an end: the longest that a question may take is waited for."""

    asked, let_go = threading.Event(), threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.asked.set()
        while not self.let_go.wait(1):
            self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def working(kind: stack.Kind, number: int, log: Path) -> Iterator[None]:
    """The worker that an install runs, on this test's database."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings_test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "BALANCE_SHARDS": "2",
    }
    words = [word.format(number=number, port=0) for word in kind.arguments]
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=PATIENCE_S)


@pytest.mark.promise("C6")
@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not settings.REDIS_URL, reason="Celery needs a broker")
def test_provider_that_hangs_keeps_no_rebalance_waiting(empty_queues, tmp_path) -> None:
    """Beat asks for prices again and again, the provider hangs each time; a wake is answered as ever, from either shard."""
    built = site.build()
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=datetime.now(UTC))
    with LoopbackServer(Hanging) as provider, ExitStack() as workers:
        signal = EnergySignalFactory(kind=SignalKind.AWATTAR, area="DE", url=provider.url)
        (prices,) = [kind for kind in stack.OTHERS if kind.name == "worker-prices"]
        workers.enter_context(working(prices, 1, tmp_path / "prices"))
        workers.enter_context(working(stack.WORKER, 1, tmp_path / "balance"))
        try:
            for _ in range(4):
                app.send_task(run_periodic.name, ("Ask for energy signals",), queue="prices")
            assert Hanging.asked.wait(PATIENCE_S)
            # Both workers are up once this one is answered.
            waking.ask_worker(built.cluster.pk)
            until(Attendance.objects.exclude(regular_at=None).exists, wait_s=PATIENCE_S)
            began_s, answered = time.monotonic(), []
            for _ in range(3):
                Attendance.objects.update(regular_at=None)
                waking.ask_worker(built.cluster.pk)
                until(lambda: Attendance.objects.exclude(regular_at=None).exists(), wait_s=PATIENCE_S)
                answered.append(time.monotonic() - began_s)
                began_s = time.monotonic()
            assert EnergySignal.objects.get(pk=signal.pk).asked_at is None, "the provider still hangs"
            assert queues.read_depths()["prices"] >= 2
            assert max(answered) < 5, answered
        finally:
            Hanging.let_go.set()
