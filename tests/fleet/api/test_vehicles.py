from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.models import Vehicle
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, UserFactory, manager_of
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return DriverFactory()


@pytest.fixture
def vehicle(driver):
    return VehicleFactory(driver=driver, charge_pct=50, charge_at=timezone.now() - timedelta(minutes=5))


def test_vehicles_are_listed_for_their_driver(driver, vehicle):
    VehicleFactory(driver=DriverFactory(community=driver.community))
    body = client_of(driver.user).get("/fleet/vehicles").json()
    assert [row["id"] for row in body["results"]] == [str(vehicle.pk)]
    assert (body["results"][0]["charge_pct"], body["results"][0]["stale"]) == (50, False)


def test_vehicle_is_added_edited_and_retired_by_its_driver(driver):
    client = client_of(driver.user)
    added = client.post("/fleet/vehicles", {"name": "Zoe", "battery_wh": 52_000}, format="json")
    assert added.status_code == 201
    address = f"/fleet/vehicle/{added.json()['id']}"
    edited = client.patch(address, {"phases": 3, "charge_pct": 80}, format="json").json()
    assert (edited["phases"], edited["charge_pct"], edited["charge_source"]) == (3, 80, "driver")
    assert client.get(address + "/readings").json()["count"] == 1
    assert client.delete(address).status_code == 204
    assert_problem(client.get(address), 404, "not_found")
    assert Vehicle.objects.get().retired_at is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"phases": 4},
        {"battery_wh": -1},
        {"max_current_ma": 5_999},
        {"name": ""},
        {"charge_pct": 101},
        {"year": 1900},
    ],
)
def test_vehicle_that_can_not_be_is_refused(driver, vehicle, changes):
    response = client_of(driver.user).patch(f"/fleet/vehicle/{vehicle.pk}", changes, format="json")
    assert list(assert_problem(response, 400, "invalid")["errors"]) == list(changes)


def test_vehicle_of_another_driver_does_not_exist(vehicle):
    neighbour = client_of(DriverFactory(community=vehicle.community).user)
    for method in ("get", "patch", "delete"):
        assert_problem(getattr(neighbour, method)(f"/fleet/vehicle/{vehicle.pk}"), 404, "not_found")


def test_vehicle_is_seen_but_not_changed_by_a_manager(vehicle):
    manager = client_of(manager_of(vehicle.community))
    assert manager.get(f"/fleet/vehicle/{vehicle.pk}").status_code == 200
    assert_problem(
        manager.patch(f"/fleet/vehicle/{vehicle.pk}", {"name": "x"}, format="json"), 404, "not_found"
    )


def test_vehicle_of_who_drives_nowhere_is_refused():
    assert_problem(
        client_of(UserFactory()).post("/fleet/vehicles", {"name": "x"}, format="json"), 403, "not_a_driver"
    )


@pytest.mark.parametrize("address", ["/fleet/vehicles", "/fleet/vehicle/{}"])
def test_vehicle_unchanged_is_answered_304(driver, vehicle, address):
    client = client_of(driver.user)
    address = address.format(vehicle.pk)
    etag = client.get(address).headers["ETag"]
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
    client.patch(f"/fleet/vehicle/{vehicle.pk}", {"name": "Another"}, format="json")
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_refresh_of_a_car_without_a_link_does_not_exist(driver, vehicle):
    assert_problem(client_of(driver.user).post(f"/fleet/vehicle/{vehicle.pk}/refresh"), 404, "not_found")


def test_vehicle_list_asks_a_constant_number_of_queries(driver, django_assert_num_queries):
    client = client_of(driver.user)
    for _ in range(2):
        VehicleFactory.create_batch(5, driver=driver)
        with django_assert_num_queries(4):
            client.get("/fleet/vehicles")
