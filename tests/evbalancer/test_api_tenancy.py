"""Every address of the API, generated from its schema, against another community's and another driver's rows."""

import re

import pytest

from tests.asserts.http import client_of
from tests.evbalancer.api_world import a_world
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S7"), pytest.mark.promise("S4")]
CANARY = "SECRET-B"
NOBODY = "00000000-0000-4000-8000-000000000000"


def addresses(client, ids):
    """(method, address) for every operation of the schema, with foreign ids where it takes one."""
    paths = client.get("/api/schema", headers={"Accept": "application/json"}).json()["paths"]
    for path, methods in paths.items():
        prefix = path.split("/{id}")[0]
        address = path.replace("{id}", str(ids.get(prefix, NOBODY)))
        for method in methods:
            if not address.startswith("/auth/"):
                yield method, address, "{id}" in path


def _to_nobody(caller, method, address):
    """What the same request is answered for an id that nothing has."""
    unknown = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", NOBODY, address)
    return getattr(caller, method)(unknown, BODIES if method != "get" else None, format="json").status_code


BODIES = {
    "text": "x",
    "decision": "x",
    "lift": True,
    "energy_wh": 1000,
    "ready_by": "2099-01-01T00:00:00Z",
    "reason": "x",
    "accept": True,
    "name": "x",
}


@pytest.mark.parametrize("role", ["driver", "manager", "neighbour"])
def test_foreign_rows_do_not_exist_anywhere(client, role):
    _, own_driver = a_world("OWN")
    foreign, _ = a_world(CANARY)
    user = own_driver.user if role == "driver" else manager_of(own_driver.community)
    if role == "neighbour":
        user = DriverFactory(community=own_driver.community).user
    caller = client_of(user)
    wrong = {}
    for method, address, is_detail in addresses(client, foreign):
        response = getattr(caller, method)(address, BODIES if method != "get" else None, format="json")
        body = b"".join(response) if response.streaming else response.content
        if CANARY.encode() in body or (is_detail and response.status_code not in (400, 401, 403, 404)):
            wrong[method, address] = response.status_code
        if is_detail and response.status_code != _to_nobody(caller, method, address):
            wrong[method, address] = "tells a foreign row from none"
    assert wrong == {}


def test_rows_of_another_driver_of_the_same_house_do_not_exist(client):
    ids, driver = a_world("OWN")
    neighbour = client_of(DriverFactory(community=driver.community).user)
    private = {
        "/drivers/slot", "/drivers/emergency", "/drivers/findings", "/drivers/notifications", "/drivers/sessions",
        "/drivers/strikes", "/drivers", "/fleet/connections", "/fleet/stays", "/fleet/vehicle", "/pricing/bills",
        "/pricing/statements",
        "/chargers/commands", "/drivers/habits", "/drivers/cards",
    }  # fmt: skip
    statuses = {prefix: neighbour.get(f"{prefix}/{ids[prefix]}").status_code for prefix in private}
    assert statuses == dict.fromkeys(private, 404)


def test_own_rows_are_all_there(client):
    ids, driver = a_world("OWN")
    managers_only = {
        "/alarms",
        "/chargers/pending",
        "/chargers/refused-cards",
        "/grid/audit",
        "/grid/retention",
        "/grid/runs",
        "/drivers/flats",
        "/drivers/groups",
        "/chargers/groups",
        "/pricing/assignments",
        "/pricing/demand-charges",
        "/drivers/invitations",
        "/pricing/months",
    }
    caller, manager = client_of(driver.user), client_of(manager_of(driver.community))
    # The first has no GET of one row; a channel is its manager's own, and this driver manages nothing.
    left_out = {"/grid/circuits", "/alarms/channels"}
    for prefix in ids.keys() - left_out:
        expected = 403 if prefix in managers_only else 404 if prefix == "/chargers/commands" else 200
        assert caller.get(f"{prefix}/{ids[prefix]}").status_code == expected, prefix
        private = {
            "/drivers/cards",
            "/drivers/notifications",
            "/drivers/push",
            "/drivers/webhooks",
            "/fleet/connections",
        }
        assert manager.get(f"{prefix}/{ids[prefix]}").status_code == (404 if prefix in private else 200), (
            prefix
        )


def test_driver_sees_no_technical_side_of_a_charger(client):
    ids, driver = a_world("OWN")
    plain = client_of(driver.user).get(f"/chargers/{ids['/chargers']}").json()
    assert set(plain) == {"id", "cluster_id", "name", "online", "connectors"}
    managed = client_of(manager_of(driver.community)).get(f"/chargers/{ids['/chargers']}").json()
    assert "identity" in managed
    assert not any("key" in name for name in managed)


@pytest.mark.promise("S11")
def test_driver_sees_own_tags_masked(client):
    ids, driver = a_world("OWN")
    tags = client_of(driver.user).get(f"/drivers/{ids['/drivers']}").json()["id_tags"]
    assert [tag["token"] for tag in tags] == ["…AG"]
