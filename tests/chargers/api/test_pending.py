import pytest

from chargers.models import ChargePoint, PendingChargePoint
from grid.models import AuditEntry
from tests.asserts.http import client_of
from tests.factories.world import populate


@pytest.fixture
def world(db):
    return populate("OWN")


@pytest.fixture
def manager(world):
    return client_of(world.manager)


def address(world, act="") -> str:
    return f"/chargers/pending/{world['chargers.PendingChargePoint'].pk}{act}"


def test_manager_reads_accepts_and_is_given_the_key_once(manager, world):
    shown = manager.get(address(world)).json()
    assert (shown["identity"], shown["vendor"]) == ("OWN-NEW", "OWN Wallbox")
    assert not any("key" in name for name in shown)
    wanted = {"name": "B-01", "connectors": [{"circuit": str(world["grid.Circuit"].pk)}]}
    response = manager.post(address(world, "/accept"), wanted, format="json")
    charge_point = ChargePoint.objects.get(name="B-01")
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    assert response.json()["charge_point_id"] == str(charge_point.pk)
    assert len(response.json()["key"]) == 40
    assert charge_point.connectors.get().max_current_ma == 32_000
    assert manager.post(address(world, "/accept"), wanted, format="json").status_code == 404


@pytest.mark.promise("S7")
def test_circuit_of_another_community_is_refused_and_nothing_changes(manager, world):
    foreign = populate("FOREIGN")["grid.Circuit"]
    wanted = {"connectors": [{"circuit": str(foreign.pk)}]}
    response = manager.post(address(world, "/accept"), wanted, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["connectors"])
    assert PendingChargePoint.objects.filter(community=world.community).exists()


def test_identity_that_was_taken_meanwhile_is_refused(manager, world):
    ChargePoint.objects.filter(community=world.community).update(identity="OWN-NEW")
    wanted = {"connectors": [{"circuit": str(world["grid.Circuit"].pk)}]}
    response = manager.post(address(world, "/accept"), wanted, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["identity"])


def test_rejected_stranger_is_blocked_with_a_reason(manager, world):
    assert manager.post(address(world, "/reject"), {}, format="json").status_code == 400
    assert manager.post(address(world, "/reject"), {"reason": "Not ours"}, format="json").status_code == 204
    assert PendingChargePoint.objects.get().blocked_at is not None
    assert manager.post(address(world, "/reject"), {"reason": "x"}, format="json").status_code == 409
    assert AuditEntry.objects.get(action="pending.blocked").reason == "Not ours"
