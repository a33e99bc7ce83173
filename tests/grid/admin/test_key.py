import re

import pytest
from django.urls import reverse

from evbalancer.common.errors import DomainError
from grid.domain import grid_keys
from grid.enums import GridKeyPurpose
from grid.models import AuditEntry, GridKey
from tests.factories.world import populate

ADD = "/admin/grid/gridkey/add/"


@pytest.fixture
def world(db):
    world = populate("SECRETA")
    GridKey.objects.all().delete()
    return world


def issue(client, circuit):
    return client.post(ADD, {"circuit": circuit.pk, "purpose": "meter", "label": "Cellar"})


def test_key_is_shown_once_and_works_until_it_is_revoked(manager, world):
    shown = re.findall(r"<code>(.+?)</code>", issue(manager, world["grid.Circuit"]).content.decode())
    key = grid_keys.find_bearer(f"Bearer {shown[1]}", purpose=GridKeyPurpose.METER)
    assert (str(key.pk), key.circuit) == (shown[0], world["grid.Circuit"])
    page = reverse("admin:grid_gridkey_revoke", args=[key.pk])
    assert manager.post(page, {"reason": "Meter replaced"}).status_code == 302
    with pytest.raises(DomainError):
        grid_keys.find_bearer(f"Bearer {shown[1]}", purpose=GridKeyPurpose.METER)
    assert AuditEntry.objects.get(action="grid_key.revoked").reason == "Meter replaced"
    assert manager.post(page, {"reason": "Again"}).status_code == 422


@pytest.mark.promise("S5")
def test_key_for_a_circuit_of_another_community_is_refused(manager, world):
    other = populate("SECRETB")
    GridKey.objects.all().delete()
    assert issue(manager, other["grid.Circuit"]).status_code == 422
    assert not GridKey.objects.exists()
