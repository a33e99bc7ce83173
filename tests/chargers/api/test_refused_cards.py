import pytest
from django.utils import timezone

from chargers.models import RefusedCard
from drivers.models import IdTag
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ChargePointFactory
from tests.factories.drivers import DriverFactory, manager_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def card():
    station, now = ChargePointFactory(name="A-05"), timezone.now()
    return RefusedCard.objects.create(
        community=station.community,
        charge_point=station,
        token="04A1B2C3",
        status="Invalid",
        first_at=now,
        last_at=now,
    )


@pytest.fixture
def manager(card):
    return client_of(manager_of(card.community))


def test_a_manager_assigns_a_card_that_is_told_by_its_end(manager, card):
    driver = DriverFactory(community=card.community)
    [row] = manager.get("/chargers/refused-cards").json()["results"]
    assert (row["card"], row["charge_point"], row["count"], row["driver_id"]) == ("…C3", "A-05", 1, None)
    body = {"driver_id": str(driver.pk)}
    assert manager.post(f"/chargers/refused-cards/{card.pk}/assign", body, format="json").status_code == 204
    assert IdTag.objects.get().driver == driver
    assert_problem(
        manager.post(f"/chargers/refused-cards/{card.pk}/assign", body, format="json"), 404, "not_found"
    )


def test_a_driver_of_another_community_gets_no_card(manager, card):
    body = {"driver_id": str(DriverFactory().pk)}
    answer = manager.post(f"/chargers/refused-cards/{card.pk}/assign", body, format="json")
    assert_problem(answer, 404, "not_found")
    assert not IdTag.objects.exists()


def test_a_card_is_declined_once(manager, card):
    path = f"/chargers/refused-cards/{card.pk}/decline"
    assert manager.post(path).json()["declined_at"] is not None
    assert_problem(manager.post(path), 409, "state_moved")
    driver = client_of(DriverFactory(community=card.community).user)
    assert_problem(driver.get("/chargers/refused-cards"), 403, "permission_denied")
