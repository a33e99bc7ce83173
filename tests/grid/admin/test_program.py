import pytest

from evbalancer.common.security import encryption
from grid.models import DemandProgram
from tests.factories.drivers import UserFactory
from tests.factories.grid import CircuitFactory
from tests.factories.world import populate

ADD = "/admin/grid/demandprogram/add/"


def add(client, circuit, **fields):
    filled = {
        "circuit": circuit.pk, "name": "City grid", "active": "on", "vtn_url": "https://vtn.example/openadr3/3.0.1",
        "token_url": "https://vtn.example/token", "client_id": "ven", "program_id": "p1", "new_secret": "top s3cret",
        "level_1_pct": "70", "level_2_pct": "40", "level_3_pct": "0",
    }  # fmt: skip
    return client.post(ADD, filled | fields)


def test_operator_adds_a_program_whose_secret_is_kept_encrypted(client, db):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert add(client, CircuitFactory()).status_code == 302
    assert encryption.decrypt(DemandProgram.objects.get().client_secret_encrypted) == "top s3cret"


@pytest.mark.promise("S13")
@pytest.mark.parametrize("url", ["http://vtn.example/x", "https://me:pw@vtn.example/x", "ftp://127.0.0.1/x"])
def test_address_that_would_leak_the_secret_is_refused(client, db, url):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    assert "vtn_url" in add(client, CircuitFactory(), vtn_url=url).context["adminform"].form.errors
    assert not DemandProgram.objects.exists()


@pytest.mark.promise("S13")
def test_addresses_are_not_a_managers_to_set(client, db):
    world = populate("SECRETA")
    client.force_login(world.manager)
    assert add(client, world["grid.Circuit"]).status_code == 403
