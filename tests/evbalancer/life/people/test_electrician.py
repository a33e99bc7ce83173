import pytest

from chargers.models import ChargePoint, Connector
from evbalancer.life.people import electrician
from evbalancer.life.people.asking import Person


@pytest.fixture
def at_work(garage):
    return Person(garage, electrician.NAME, garage.place.manager)


@pytest.fixture
def station(garage):
    return garage.stations[0]


def wiring(station):
    row = Connector.objects.select_related("circuit").get(charge_point__identity=station.spec.id)
    return row.circuit.name, row.phase_rotation


def test_charge_point_hangs_where_the_product_says(at_work, station, garage):
    electrician._change(at_work, station, circuit="Row C")
    assert wiring(station) == (station.spec.circuit, station.spec.rotation) == ("Row C", "RST")
    assert ("Row C", (0, 0, 0)) in list(garage.site.draws())


def test_phases_are_turned_in_the_plant_and_in_the_product(at_work, station):
    electrician._change(at_work, station, circuit=station.spec.circuit)
    assert wiring(station) == ("Row A", "STR")
    assert station.connectors[1].rotation == station.spec.rotation == "STR"


def test_change_that_is_refused_is_put_back(at_work, station, garage, told):
    garage.place.circuits["Row C"] = garage.place.neighbour.circuit_id
    electrician._change(at_work, station, circuit="Row C")
    assert wiring(station) == (station.spec.circuit, station.spec.rotation) == ("Row A", "RST")
    assert told(electrician.NAME)[0].startswith("hangs A1 on Row C as RST: 4")


def test_charge_point_that_is_taken_down_is_retired(at_work, station):
    electrician._retire(at_work, station)
    assert ChargePoint.objects.get(identity=station.spec.id).retired_at is not None


def test_nobody_works_where_a_car_stands_or_where_sockets_share_a_charge_point(garage, station):
    twin = next(each for each in garage.stations if len(each.connectors) == 2)
    assert electrician._is_idle(garage, station)
    assert not electrician._is_idle(garage, twin)
    station.connectors[1].car = object()
    assert not electrician._is_idle(garage, station)
