"""Without Redis, what another process queues on the same database is heard at once (ADR 139)."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from django.db import connection, transaction

from chargers.domain.orders import commands
from chargers.models import ChargePoint
from chargers.orders.upkeep import Trigger
from evbalancer.common import topics
from evbalancer.common.db import news
from evbalancer.ops import neighbours
from tests.e2e.conftest import database_url
from tests.factories.chargers import ChargePointFactory

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60
QUEUE = """
import django
django.setup()
from datetime import UTC, datetime
from chargers.domain.orders import commands
from chargers.models import ChargePoint
from chargers.orders.upkeep import Trigger
for charge_point in ChargePoint.objects.order_by("identity"):
    commands.queue_command(charge_point, Trigger(message="Heartbeat"), by="other", now=datetime.now(UTC))
"""


@pytest.fixture
def layer(monkeypatch, settings) -> InMemoryChannelLayer:
    settings.REDIS_URL = ""
    layer = InMemoryChannelLayer()
    monkeypatch.setattr(topics, "get_channel_layer", lambda: layer)
    return layer


@pytest.fixture
def looked(monkeypatch) -> threading.Event:
    """Set with each look."""
    look, looked = neighbours.Neighbours.look, threading.Event()

    def noted(self) -> None:
        look(self)
        looked.set()

    monkeypatch.setattr(neighbours.Neighbours, "look", noted)
    return looked


@pytest.fixture
async def heard(transactional_db, layer, looked):
    """The next charge points of which this server hears that something was queued for them."""
    listening = neighbours.Neighbours()
    topics.send_on(asyncio.get_running_loop())
    channel = await layer.new_channel()
    await layer.group_add(commands.CHARGERS_TOPIC, channel)
    listening.start()
    assert await asyncio.to_thread(looked.wait, PATIENCE_S)

    async def heard() -> list[str]:
        message = await asyncio.wait_for(layer.receive(channel), PATIENCE_S)
        assert message["kind"] == "command"
        return sorted(message["data"]["charge_point_ids"])

    yield heard
    await asyncio.to_thread(listening.stop)
    topics.send_on(None)


def _closing(work: Callable[[], Any]) -> Callable[[], Any]:
    """With a connection of the thread that does it."""

    def closing() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return closing


def _queue_elsewhere() -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "evbalancer.settings_test",
        "DATABASE_URL": database_url(),
        "REDIS_URL": "",
    }
    subprocess.run([sys.executable, "-c", QUEUE], cwd=ROOT, env=environment, check=True)


async def test_command_that_another_process_queues_is_heard(heard):
    charge_point = await asyncio.to_thread(_closing(ChargePointFactory))
    await asyncio.to_thread(_queue_elsewhere)
    assert await heard() == [str(charge_point.pk)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection that could be lost")
async def test_lost_connection_is_opened_again_and_what_was_missed_is_looked_up(heard, looked, monkeypatch):
    monkeypatch.setattr(news, "AGAIN_AFTER_S", 0.01)

    def lose_and_queue() -> ChargePoint:
        charge_point = ChargePointFactory()
        mine = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'evbalancer news'"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) {mine}")
            assert cursor.fetchall() == [(True,)]
            commands.queue_command(
                charge_point, Trigger(message="Heartbeat"), by="other", now=datetime.now(UTC)
            )
        return charge_point

    charge_point = await asyncio.to_thread(_closing(lose_and_queue))
    # Nudged by this process, which sent it; and found by the look of the new connection.
    assert [await heard(), await heard()] == [[str(charge_point.pk)]] * 2


async def test_look_nudges_once_for_each_command(layer, monkeypatch):
    looks = iter([{"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 2}, {}, {"d": 2}])
    nudged = []
    monkeypatch.setattr(commands, "read_queue", lambda **_: next(looks))
    monkeypatch.setattr(commands, "nudge_sockets_here", lambda ids: nudged.append(set(ids)))
    listening = neighbours.Neighbours()
    for _ in range(4):
        listening.look()
    assert nudged == [{1}, {2}, {2}]


@pytest.mark.parametrize(
    ("redis_url", "vendor", "in_memory", "listens"),
    [
        ("", "postgresql", False, True),
        ("", "sqlite", False, True),
        ("", "sqlite", True, False),
        ("redis://127.0.0.1:6379/0", "postgresql", False, False),
    ],
)
def test_only_a_database_that_others_can_open_is_listened_to_and_only_without_redis(
    settings, monkeypatch, redis_url, vendor, in_memory, listens
):
    class Database:
        def is_in_memory_db(self) -> bool:
            return in_memory

    settings.REDIS_URL = redis_url
    database = Database()
    database.vendor = vendor
    monkeypatch.setattr(neighbours, "connection", database)
    assert neighbours.listens_to_neighbours() is listens
