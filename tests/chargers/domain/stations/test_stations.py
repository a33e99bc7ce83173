"""A new charge point comes with its connectors, on circuits of one cluster, or not at all."""

import pytest

from chargers.domain.stations.stations import COUNT, NewConnector, add_charge_point
from chargers.models import ChargePoint, Connector
from evbalancer.common.errors import InvalidInput
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def circuit():
    return CircuitFactory(limit_l1_ma=20_000)


def add(*connectors, identity="A1", **more):
    return add_charge_point(ChargePoint(identity=identity, name="A-01", **more), connectors)


def refused(*connectors, **more) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        add(*connectors, **more)
    assert (ChargePoint.objects.count(), Connector.objects.count()) == (0, 0)
    return refusal.value.field, refusal.value.detail


def test_connectors_are_numbered_from_one_in_their_order(circuit):
    below = CircuitFactory(cluster=circuit.cluster, parent=circuit)
    added = add(NewConnector(circuit), NewConnector(below, "S", 16_000))
    assert (added.cluster, added.community) == (circuit.cluster, circuit.community)
    rows = added.connectors.order_by("number").values_list(
        "number", "circuit", "phase_rotation", "max_current_ma", "chosen_fallback_ma", "community"
    )
    assert list(rows) == [
        (1, circuit.pk, "", 32_000, 0, circuit.community_id),
        (2, below.pk, "S", 16_000, 0, circuit.community_id),
    ]


@pytest.mark.parametrize("count", [0, COUNT.most + 1])
def test_number_of_connectors_is_bounded(circuit, count):
    assert refused(*[NewConnector(circuit)] * count)[0] == "connectors"


def test_circuits_of_two_clusters_are_refused(circuit):
    assert refused(NewConnector(circuit), NewConnector(CircuitFactory()))[0] == "connectors"


def test_circuit_that_is_not_in_use_is_refused(circuit, now):
    unused = CircuitFactory(cluster=circuit.cluster, parent=circuit, retired_at=now)
    assert refused(NewConnector(circuit), NewConnector(unused))[0] == "circuit"


@pytest.mark.parametrize(
    ("connector", "more", "field"),
    [
        ({}, {"identity": "A/1"}, "identity"),
        ({"phase_rotation": "XYZ"}, {}, "phase_rotation"),
        ({"max_current_ma": 5_000}, {}, "max_current_ma"),
    ],
)
def test_refusal_names_the_field(circuit, connector, more, field):
    named, detail = refused(NewConnector(circuit, **connector), **more)
    assert named == field
    assert detail


def test_identity_that_is_taken_is_refused_and_leaves_the_first(circuit):
    add(NewConnector(circuit))
    with pytest.raises(InvalidInput) as refusal:
        add(NewConnector(circuit))
    assert refusal.value.field == "identity"
    assert Connector.objects.count() == 1
