import random

import pytest

from evbalancer.life.people import car_owner
from evbalancer.life.people.asking import Person
from evbalancer.life.play import _alone
from fleet.models import SmartcarConnection


@pytest.fixture
def member(garage):
    return garage.place.members[0]


@pytest.fixture
def owner(garage, member):
    with _alone():
        yield Person(garage, member.driver.name, member.user)


def test_car_is_linked_asked_and_unlinked_through_the_products_own_stand_in(owner, member, told):
    car_owner._link(owner, member)
    connection = SmartcarConnection.objects.get(driver=member.driver)
    (car,) = connection.vehicles.all()
    car_owner._refresh(owner, random.Random(1))
    car.refresh_from_db()
    assert car.charge_source == "mock"
    car_owner._unlink(owner, random.Random(1))
    assert told(member.driver.name) == [
        "goes to Smartcar",
        "links a car",
        "asks for the car's charge",
        "ends the consent",
    ]
