from datetime import UTC, datetime
from uuid import uuid4

import pytest

from fleet.domain import stays
from fleet.enums import ToldBy
from fleet.models import Stay
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def stay_of(driver, vehicle, told_by):
    return Stay.objects.create(
        community=driver.community,
        session_id=uuid4(),
        driver=driver,
        vehicle=vehicle,
        told_by=told_by,
        began_at=NOW,
    ).session_id


def test_largest_battery_is_of_the_drivers_cars_whichever_is_guessed():
    small = VehicleFactory(battery_wh=12_000)
    VehicleFactory(driver=small.driver, battery_wh=60_000)
    session_id = stay_of(small.driver, small, ToldBy.EVIDENCE)
    assert stays.largest_batteries_wh({session_id: small.driver_id}) == {session_id: 60_000}


@pytest.mark.parametrize("is_known", [True, False])
def test_largest_battery_is_that_of_the_car_that_the_driver_named(is_known):
    small = VehicleFactory(battery_wh=12_000)
    VehicleFactory(driver=small.driver, battery_wh=60_000)
    session_id = stay_of(small.driver, small if is_known else None, ToldBy.DRIVER)
    found = stays.largest_batteries_wh({session_id: small.driver_id})
    assert found == ({session_id: 12_000} if is_known else {})


def test_largest_battery_is_unknown_where_one_is_or_nobody_showed_a_card(django_assert_num_queries):
    car = VehicleFactory(battery_wh=60_000)
    VehicleFactory(driver=car.driver, battery_wh=None)
    ids = uuid4(), uuid4()
    with django_assert_num_queries(2):
        assert stays.largest_batteries_wh({ids[0]: car.driver_id, ids[1]: None}) == {}
    with django_assert_num_queries(0):
        assert stays.largest_batteries_wh({}) == {}
