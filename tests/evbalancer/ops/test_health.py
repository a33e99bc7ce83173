from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from evbalancer.ops import health
from grid.models import IdempotencyKey
from scheduling.domain.balancing import attendance
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.services


def ran(cluster: object, *, seconds_ago: int, stand_in: str = "") -> datetime:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    attendance.note_run(cluster, stand_in=stand_in, now=at)
    return at


def test_healthz_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


def test_healthz_and_readyz_only_tell(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405


@pytest.mark.django_db
def test_readyz_is_ready_when_every_part_is(client: Client) -> None:
    ran(ClusterFactory(), seconds_ago=3)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    parts = {"database": "ok", "channel_layer": "ok", "balancer": "ok", "pages": "ok"}
    assert answer.json() == {"status": "ready", "parts": parts}


@pytest.mark.django_db
@pytest.mark.promise("R6")
def test_readyz_says_since_when_nobody_balances_and_stays_ready(client: Client) -> None:
    ran(ClusterFactory(), seconds_ago=3)
    since = ran(ClusterFactory(), seconds_ago=240)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["balancer"] == f"nobody since {since:%FT%T}+00:00 (1 clusters)"
    ClusterFactory()
    assert client.get("/readyz").json()["parts"]["balancer"] == "nobody since never (2 clusters)"


@pytest.mark.django_db
@pytest.mark.promise("R6")
def test_readyz_names_the_process_that_stands_in(client: Client) -> None:
    cluster = ClusterFactory()
    since = ran(cluster, seconds_ago=40)
    ran(cluster, seconds_ago=2, stand_in="web-1 (process 7)")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["balancer"] == (
        f"no worker since {since:%FT%T}+00:00, web-1 (process 7) stands in (1 clusters)"
    )
    ran(cluster, seconds_ago=0)
    assert client.get("/readyz").json()["parts"]["balancer"] == "ok"


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


@pytest.fixture
def never_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_stored", (float("-inf"),))


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("R12")
@pytest.mark.usefixtures("never_looked")
def test_readyz_says_that_a_database_only_reads(client: Client) -> None:
    reads_only = {"sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")}.get(
        connection.vendor,
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    )
    with connection.cursor() as cursor:
        cursor.execute(reads_only[0])
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute(reads_only[1])
    assert (answer.status_code, answer.json()["parts"]["database"]) == (503, "can't store")
    assert client.get("/readyz").json()["parts"]["database"] == "ok"
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("R12")
@pytest.mark.usefixtures("never_looked")
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL's disk is not ours to fill")
def test_readyz_says_that_the_disk_is_full(client: Client) -> None:
    with connection.cursor() as cursor:
        # Room that was freed before is none that is left.
        cursor.execute("VACUUM")
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            answer = client.get("/readyz")
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert (answer.status_code, answer.json()["parts"]["database"]) == (503, "can't store")


@pytest.mark.django_db
def test_readyz_says_that_pages_lack_their_files(client: Client, settings: object, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["pages"] == "no files: run manage.py collectstatic"
