from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.test import Client

from evbalancer.ops import health
from scheduling.models import RebalanceRun
from tests.factories.grid import ClusterFactory


def ran(cluster: object, *, minutes_ago: int) -> None:
    RebalanceRun.objects.create(
        community=cluster.community,
        cluster=cluster,
        at=datetime.now(UTC) - timedelta(minutes=minutes_ago),
        trigger="beat",
        duration_ms=5,
        inputs_digest="0" * 64,
        decisions=[],
    )


def test_healthz_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_healthz_and_readyz_only_tell(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


@pytest.mark.django_db
def test_readyz_is_ready_when_every_part_is(client: Client) -> None:
    ran(ClusterFactory(), minutes_ago=1)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    parts = {"database": "ok", "channel_layer": "ok", "balancer": "ok"}
    assert answer.json() == {"status": "ready", "parts": parts}


@pytest.mark.django_db
@pytest.mark.promise("R6")
def test_readyz_names_a_late_balancer_and_stays_ready(client: Client) -> None:
    ran(ClusterFactory(), minutes_ago=1)
    ran(ClusterFactory(), minutes_ago=4)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["balancer"] == "late"


@pytest.mark.django_db
def test_readyz_names_a_lost_channel_layer_and_stays_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(health, "get_channel_layer", broken)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["channel_layer"]) == (200, "no answer")


@pytest.mark.django_db
def test_readyz_is_not_ready_without_its_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(connection: object) -> None:
        raise DatabaseError("no route to host")

    monkeypatch.setattr(health, "MigrationExecutor", broken)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["parts"]["database"] == "no answer"
    assert "no route" not in answer.content.decode()


@pytest.mark.django_db
def test_readyz_is_not_ready_before_its_migrations(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: [("grid", "0002")])
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["database"]) == (503, "migrations are missing")
