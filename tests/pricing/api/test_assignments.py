"""Assignments by the API, and what drivers are shown of them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from grid.models import AuditEntry
from pricing.models import TariffAssignment
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, manager_of
from tests.factories.pricing import TariffAssignmentFactory, TariffFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
PAGE = "/pricing/assignments"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def connector():
    return ConnectorFactory()


@pytest.fixture
def community(connector):
    return connector.community


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


@pytest.fixture
def tariff(community):
    return TariffFactory(
        community=community, name="Staff price", is_standing=False, base_price_per_mwh_minor=12_000
    )


@pytest.fixture
def driver(community):
    return DriverFactory(community=community)


@pytest.fixture
def staff(community, driver):
    return DriverGroupFactory(community=community, name="Staff", drivers=[driver])


def send(client, tariff, **more):
    return client.post(PAGE, {"tariff_id": str(tariff.pk)} | more, format="json")


def test_manager_assigns_moves_and_takes_back(manager, tariff, staff):
    answer = send(manager, tariff, driver_group_id=str(staff.pk), begins_at="2026-05-02T00:00:00+02:00")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["basis"], told["target_id"], told["target_name"]) == ("driver_group", str(staff.pk), "Staff")
    assert (told["begins_at"], told["ends_at"]) == ("2026-05-01T22:00:00Z", None)
    page = f"{PAGE}/{told['id']}"
    moved = manager.patch(page, {"ends_at": "2026-06-01T00:00:00+02:00"}, format="json")
    assert moved.json()["ends_at"] == "2026-05-31T22:00:00Z"
    assert manager.delete(page).status_code == 204
    assert not TariffAssignment.objects.exists()
    assert AuditEntry.objects.filter(target_id=told["id"]).count() == 3


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"begins_at": "2026-04-01T00:00:00Z"}, "begins_at"),
        ({"begins_at": "2026-05-02T00:00:00"}, "begins_at"),
        ({"ends_at": "2026-05-01T12:00:00Z"}, "ends_at"),
        ({"starts_at": "2026-05-02T00:00:00Z"}, "starts_at"),
        ({"cluster_id": "Garage"}, "cluster_id"),
    ],
)
def test_assignment_that_is_wrong_names_its_field_and_changes_nothing(manager, tariff, more, field):
    assert field in assert_problem(send(manager, tariff, **more), 400, "invalid")["errors"]
    assert not TariffAssignment.objects.exists()


def test_two_targets_are_refused(manager, tariff, staff, connector):
    both = {"driver_group_id": str(staff.pk), "cluster_id": str(connector.charge_point.cluster_id)}
    assert "cluster_id" in assert_problem(send(manager, tariff, **both), 400, "invalid")["errors"]


def test_what_has_begun_is_not_taken_back(manager, tariff):
    begun = TariffAssignmentFactory(tariff=tariff)
    assert_problem(manager.delete(f"{PAGE}/{begun.pk}"), 409, "assignment_begun")
    assert manager.patch(f"{PAGE}/{begun.pk}", {"ends_at": NOW.isoformat()}, format="json").status_code == 200


def test_rows_of_other_communities_do_not_exist(manager, tariff):
    assert send(manager, TariffFactory(is_standing=False)).status_code == 404
    assert send(manager, tariff, driver_group_id=str(DriverGroupFactory().pk)).status_code == 404
    other = TariffAssignmentFactory(tariff__is_standing=False)
    assert manager.get(f"{PAGE}/{other.pk}").status_code == 404
    assert manager.delete(f"{PAGE}/{other.pk}").status_code == 404


def test_assignments_are_for_managers(driver, tariff):
    client = client_of(driver.user)
    assert client.get(PAGE).status_code == 403
    assert send(client, tariff).status_code == 403


def prices(client, **query):
    return client.get("/pricing/prices", query).json()


def test_driver_reads_the_price_of_the_own_group_and_another_the_houses(
    community, tariff, staff, driver, connector
):
    TariffFactory(community=community, name="House")
    TariffAssignmentFactory(tariff=tariff, driver_group=staff)
    own, other = client_of(driver.user), client_of(DriverFactory(community=community).user)
    for query in ({}, {"connector": str(connector.pk)}, {"community": str(community.pk)}):
        told = prices(own, **query)
        assert (told["tariff"]["name"], told["basis"], told["per_mwh_minor"][0]) == (
            "Staff price",
            "driver_group",
            12_000,
        )
        assert told["tariff"]["sentences"] == ["Energy costs 0.12 EUR per kWh."]
    assert (prices(other)["tariff"]["name"], prices(other)["basis"]) == ("House", "standing")


def test_connector_of_another_community_has_no_price(driver):
    answer = client_of(driver.user).get("/pricing/prices", {"connector": str(ConnectorFactory().pk)})
    assert answer.status_code == 404


def test_cost_of_a_slot_is_that_of_the_group(community, tariff, staff, driver, connector):
    TariffFactory(community=community)
    wish = {
        "connector_id": str(connector.pk),
        "energy_wh": 10_000,
        "ready_by": (NOW + timedelta(hours=9)).isoformat(),
    }
    client = client_of(driver.user)
    before = client.post("/drivers/slot/preview", wish, format="json").json()
    TariffAssignmentFactory(tariff=tariff, driver_group=staff)
    after = client.post("/drivers/slot/preview", wish, format="json").json()
    assert (before["cost_minor_most"], after["cost_minor_most"]) == (300, 120)
