"""Whoever asks for something of a cluster that stays locked is answered, soon and in words, and nothing is changed."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from evbalancer.common.db.locks import BUSY, lock_cluster
from evbalancer.ops.serving import patience
from grid.models import TemporaryLimit
from tests.evbalancer.common.db.test_locks import elsewhere, needs_postgresql
from tests.factories.grid import CircuitFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R11")]


@pytest.fixture
def root(monkeypatch):
    monkeypatch.setattr(patience, "LONGEST_WAIT", timedelta(milliseconds=200))
    return CircuitFactory(limit_l1_ma=48_000, limit_l2_ma=48_000, limit_l3_ma=48_000)


@pytest.fixture
def admin(admin_client):
    # What the page shows is judged, as a browser gets it.
    admin_client.raise_request_exception = False
    return admin_client


def impose(user, circuit):
    client = APIClient()
    client.force_authenticate(user)
    body = {"circuit_id": str(circuit.pk), "pct": 50, "reason": "Works"}
    return client.post("/grid/limits", body, format="json")


@needs_postgresql
def test_api_answers_503_for_a_cluster_that_stays_locked(root, admin_user):
    with elsewhere(lambda: lock_cluster(root.cluster_id)):
        answer = impose(admin_user, root)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert (answer.json()["code"], answer.json()["detail"]) == ("cluster_busy", BUSY)
    assert not TemporaryLimit.objects.exists()
    assert impose(admin_user, root).status_code == 201


@needs_postgresql
def test_page_answers_503_for_a_cluster_that_stays_locked(root, admin):
    with elsewhere(lambda: lock_cluster(root.cluster_id)):
        answer = admin.post(f"/cluster/{root.cluster_id}/cut")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert answer.content.decode() == BUSY
    assert not TemporaryLimit.objects.exists()


@needs_postgresql
def test_other_cluster_is_not_waited_for(root, admin_user):
    other = CircuitFactory()
    with elsewhere(lambda: lock_cluster(other.cluster_id)):
        assert impose(admin_user, root).status_code == 201


@needs_postgresql
def test_what_nobody_waits_for_has_no_bound_of_its_own(root):
    with transaction.atomic():
        lock_cluster(root.cluster_id)
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("0",)
