import pytest

from drivers.models import DriverGroup
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, FlatFactory, manager_of
from tests.factories.grid import CommunityFactory
from tests.factories.pricing import TariffAssignmentFactory

pytestmark = pytest.mark.django_db
PAGE = "/drivers/groups"


@pytest.fixture
def community():
    return CommunityFactory()


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


def test_manager_makes_changes_and_removes_a_group(manager, community):
    ada, flat = DriverFactory(community=community), FlatFactory(community=community)
    body = {"name": "Staff", "driver_ids": [str(ada.pk)], "flat_ids": [str(flat.pk)]}
    made = manager.post(PAGE, body, format="json")
    assert made.status_code == 201
    page = f"{PAGE}/{made.json()['id']}"
    changed = manager.patch(page, {"driver_ids": []}, format="json").json()
    assert (changed["name"], changed["driver_ids"], changed["flat_ids"]) == ("Staff", [], [str(flat.pk)])
    assert manager.delete(page).status_code == 204


def test_members_of_other_communities_do_not_exist(manager, community):
    answer = manager.post(PAGE, {"name": "Staff", "driver_ids": [str(DriverFactory().pk)]}, format="json")
    assert_problem(answer, 404, "not_found")
    assert not DriverGroup.objects.exists()


def test_group_with_a_tariff_is_not_removed(manager, community):
    group = DriverGroup.objects.create(community=community, name="Staff")
    TariffAssignmentFactory(tariff__community=community, driver_group=group)
    assert_problem(manager.delete(f"{PAGE}/{group.pk}"), 409, "group_in_use")


def test_groups_are_for_managers(community):
    assert client_of(DriverFactory(community=community).user).get(PAGE).status_code == 403


def test_group_of_connectors_is_made_alike(manager, community):
    connector = ConnectorFactory(circuit__cluster__community=community)
    body = {"name": "Visitors", "connector_ids": [str(connector.pk)]}
    made = manager.post("/chargers/groups", body, format="json")
    assert (made.status_code, made.json()["connector_ids"]) == (201, [str(connector.pk)])
    assert manager.get("/chargers/groups").json()["results"][0]["name"] == "Visitors"
