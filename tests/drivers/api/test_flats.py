import pytest

from drivers.models import Flat
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.drivers import DriverFactory, FlatFactory, manager_of
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def community():
    return CommunityFactory()


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))


def test_manager_adds_changes_and_retires_a_flat(manager):
    made = manager.post("/drivers/flats", {"name": "Flat 3", "billed_together": True}, format="json")
    assert made.status_code == 201
    page = f"/drivers/flats/{made.json()['id']}"
    assert manager.patch(page, {"holder": "Ada Example"}, format="json").json()["holder"] == "Ada Example"
    assert manager.post(f"{page}/retire").json()["retired_at"] is not None
    actions = AuditEntry.objects.order_by("at").values_list("action", flat=True)
    assert list(actions) == ["flat.added", "flat.changed", "flat.retired"]


def test_driver_joins_and_leaves_a_flat_and_sees_it(manager, community):
    flat, driver = FlatFactory(community=community, name="Flat 3"), DriverFactory(community=community)
    body = {"driver_id": str(driver.pk)}
    assert manager.post(f"/drivers/flats/{flat.pk}/drivers/add", body, format="json").status_code == 200
    own = client_of(driver.user).get(f"/drivers/{driver.pk}").json()
    assert (own["flat_id"], own["flat_name"]) == (str(flat.pk), "Flat 3")
    assert_problem(manager.post(f"/drivers/flats/{flat.pk}/retire"), 409, "flat_in_use")
    manager.post(f"/drivers/flats/{flat.pk}/drivers/remove", body, format="json")
    assert client_of(driver.user).get(f"/drivers/{driver.pk}").json()["flat_name"] is None


def test_driver_of_another_community_does_not_exist(manager, community):
    flat = FlatFactory(community=community)
    body = {"driver_id": str(DriverFactory().pk)}
    assert_problem(
        manager.post(f"/drivers/flats/{flat.pk}/drivers/add", body, format="json"), 404, "not_found"
    )


def test_name_that_is_taken_is_refused_in_words(manager, community):
    FlatFactory(community=community, name="Flat 3")
    problem = assert_problem(
        manager.post("/drivers/flats", {"name": "flat 3"}, format="json"), 400, "invalid"
    )
    assert problem["detail"] == "The community has a flat or cost centre of this name."
    assert Flat.objects.count() == 1


def test_drivers_do_not_read_the_flats_of_the_house(community):
    FlatFactory(community=community)
    assert client_of(DriverFactory(community=community).user).get("/drivers/flats").status_code == 403
