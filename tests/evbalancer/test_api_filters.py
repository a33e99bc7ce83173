"""No filter tells whether a row of another community exists."""

from uuid import uuid4

import pytest

from drivers.enums import Role
from tests.api_schema import describe_api
from tests.asserts.http import client_of
from tests.evbalancer.api_world import a_world
from tests.factories.drivers import MembershipFactory

pytestmark = [pytest.mark.django_db, pytest.mark.promise("S7")]


def _filters(form: str) -> list[tuple[str, str]]:
    """Every list's every parameter of that format."""
    return [
        (path, parameter["name"])
        for path, methods in describe_api()["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and parameter["schema"].get("format") == form and "{" not in path
    ]


FILTERS = _filters("uuid")


def _told(response):
    return response.status_code, response.json()


def test_the_filters_are_found():
    assert {
        ("/drivers/slot", "driver"),
        ("/drivers/sessions", "connector"),
        ("/grid/limits", "circuit"),
    } <= set(FILTERS)


@pytest.mark.sweep
@pytest.mark.parametrize("is_manager", [True, False])
def test_foreign_row_and_no_row_are_answered_alike_by_every_filter(is_manager):
    _, driver = a_world("OWN")
    theirs, _ = a_world("SECRETB")
    if is_manager:
        MembershipFactory(user=driver.user, community=driver.community, role=Role.MANAGER)
    client = client_of(driver.user)
    for path, name in FILTERS:
        nobody = _told(client.get(path, {name: str(uuid4())}))
        for foreign in theirs.values():
            assert _told(client.get(path, {name: str(foreign)})) == nobody, (path, name)


def test_what_is_no_id_is_refused():
    _, driver = a_world("OWN")
    client = client_of(driver.user)
    assert client.get("/drivers/slot", {"driver": "1 or 1=1"}).status_code == 400


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00+16:00", "2000-01-01T00:00:00-23:59"])
def test_moment_of_a_zone_that_the_database_does_not_know_is_taken(moment):
    _, driver = a_world("OWN")
    client = client_of(driver.user)
    asked = [(path, name) for path, name in _filters("date-time") if "__" in name]
    assert ("/fleet/vehicles", "charge_at__gte") in asked
    for path, name in asked:
        assert client.get(path, {name: moment}).status_code == 200, (path, name)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "x"])
def test_what_is_no_moment_of_ours_is_refused(moment):
    _, driver = a_world("OWN")
    assert client_of(driver.user).get("/fleet/vehicles", {"charge_at__gte": moment}).status_code == 400


def test_filter_by_an_own_row_finds_it():
    ids, driver = a_world("OWN")
    client = client_of(driver.user)
    found = client.get("/drivers/slot", {"driver": str(driver.pk)}).json()["results"]
    assert [row["id"] for row in found] == [str(ids["/drivers/slot"])]
