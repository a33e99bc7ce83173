import re

import pytest
from django.urls import reverse
from django.utils import timezone

from chargers.domain.sockets import keys
from chargers.models import ChargePoint, PendingChargePoint
from grid.models import AuditEntry
from tests.factories.world import populate


def act(world, name) -> str:
    row = world["chargers.PendingChargePoint"]
    return reverse(f"admin:chargers_pendingchargepoint_{name}", args=[row.pk])


def answer(world, **more) -> dict:
    return {
        "name": "B-01",
        "circuit": world["grid.Circuit"].pk,
        "connectors": 2,
        "phase_rotation": "RST",
        "max_current_ma": 16,
        **more,
    }


def test_accepted_stranger_is_a_charge_point_with_its_connectors(manager, world):
    PendingChargePoint.objects.update(key_hash=keys.hash_key(b"0123456789abcdef"), has_long_key=True)
    assert manager.post(act(world, "accept"), answer(world)).status_code == 302
    charge_point = ChargePoint.objects.get(name="B-01")
    assert (charge_point.identity, charge_point.vendor) == ("SECRETA-NEW", "SECRETA Wallbox")
    assert keys.match_key(b"0123456789abcdef", key_hash=charge_point.key_hash)[0]
    found = charge_point.connectors.values_list("number", "circuit", "phase_rotation", "max_current_ma")
    circuit = world["grid.Circuit"].pk
    assert list(found) == [(1, circuit, "RST", 16_000), (2, circuit, "RST", 16_000)]
    assert not PendingChargePoint.objects.exists()
    assert AuditEntry.objects.get(action="charge_point.accepted").after["address"] == "192.0.2.1"


def test_stranger_without_a_password_is_given_a_key_that_is_shown_once(manager, world):
    response = manager.post(act(world, "accept"), answer(world))
    (key,) = re.findall(r"<code>([0-9a-f]{40})</code>", response.content.decode())
    assert keys.match_key(key.encode(), key_hash=ChargePoint.objects.get(name="B-01").key_hash)[0]
    assert "no-store" in response["Cache-Control"]


@pytest.mark.promise("S5")
def test_stranger_is_not_put_on_a_foreign_circuit(manager, world):
    other = populate("SECRETB")
    refused = manager.post(act(world, "accept"), answer(world, circuit=other["grid.Circuit"].pk))
    assert list(refused.context["form"].errors) == ["circuit"]
    assert manager.post(act(other, "accept"), answer(world)).status_code in (302, 404)
    assert not ChargePoint.objects.filter(name="B-01").exists()


def test_stranger_is_blocked_once_and_can_be_forgotten(manager, world):
    assert manager.post(act(world, "block"), {"reason": ""}).status_code == 422
    assert manager.post(act(world, "block"), {"reason": "Not ours"}).status_code == 302
    assert manager.post(act(world, "block"), {"reason": "Again"}).status_code == 422
    assert manager.post(act(world, "accept"), answer(world)).status_code == 422
    assert manager.post(act(world, "forget"), {"reason": "Ours"}).status_code == 302
    assert not PendingChargePoint.objects.exists()
    acts = AuditEntry.objects.filter(action__startswith="pending.").values_list("action", flat=True)
    assert sorted(acts) == ["pending.blocked", "pending.forgotten"]


def test_stranger_of_no_community_is_for_operators(manager, world):
    PendingChargePoint.objects.update(community=None)
    listed = reverse("admin:chargers_pendingchargepoint_changelist")
    assert "SECRETA-NEW" not in manager.get(listed).content.decode()
    assert manager.get(act(world, "accept")).status_code in (302, 404)


def test_waiting_stranger_is_on_the_first_page(manager, world):
    assert "Unknown charge points" in manager.get(reverse("admin:index")).content.decode()
    PendingChargePoint.objects.update(blocked_at=timezone.now())
    page = manager.get(reverse("admin:index")).context_data
    assert "Unknown charge points" not in [pile.title for pile in page["todo"]]
