"""The most that a whole charge point may take: what is asked for, in which ways, and when it is asked for again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chargers.domain.limits import maximum
from chargers.domain.makes.ways import STATION_WAYS
from chargers.domain.orders import commands
from chargers.enums import CommandKind, CommandState, OcppVersion
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from chargers.orders import read_order
from chargers.orders.words import Purpose
from grid.domain import topology
from tests.factories.chargers import ChargePointFactory, ConnectorFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
QUEUED, SENT, ACCEPTED, REJECTED = (
    CommandState.QUEUED, CommandState.SENT, CommandState.ACCEPTED, CommandState.REJECTED,
)  # fmt: skip


@pytest.fixture
def station():
    """Of an untried make, with two connectors of 16 A on one circuit of 48 A."""
    make = Make.objects.create(vendor="V", model="M")
    station = ChargePointFactory(make=make, ocpp_version=OcppVersion.V16, circuit=CircuitFactory())
    circuit = station.cluster.circuits.get()
    for number in (1, 2):
        ConnectorFactory(charge_point=station, circuit=circuit, number=number)
    return station


def read(station) -> ChargePoint:
    return ChargePoint.objects.select_related("make", "cluster").get(pk=station.pk)


def asked():
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_STATION_LIMIT).order_by("pk")
    return [
        (row.arguments["limit_ma"], row.arguments["stack_level"], row.arguments.get("watts")) for row in rows
    ]


def settle(state, now):
    """Answer what is queued, as delivery does."""
    command = ChargerCommand.objects.select_related("charge_point__make").get(
        kind=CommandKind.SET_STATION_LIMIT, state=QUEUED
    )
    command.state, command.answered_at = state, now
    command.save()
    maximum.note_maximum(command, now=now)


def wanted_ma(station):
    return maximum.wanted_ma(station.connectors.all(), topology.read_tree(station.cluster))


def test_nameplates_together_count_or_less_where_a_shared_circuit_carries_less(station):
    assert wanted_ma(station) == 32_000
    root = station.cluster.circuits.get()
    below = CircuitFactory(
        cluster=root.cluster, parent=root, limit_l1_ma=20_000, limit_l2_ma=10_000, limit_l3_ma=10_000
    )
    station.connectors.filter(number=1).update(circuit=below)
    # The second is not fed by it, so it bounds the first alone.
    assert wanted_ma(station) == 32_000
    station.connectors.update(circuit=below)
    # Its strongest phase: as little as the weakest would cut single-phase cars on the others.
    assert wanted_ma(station) == 20_000


def test_connector_whose_circuit_is_not_in_use_is_bounded_by_its_nameplate(station):
    tree = topology.read_tree(station.cluster)
    bare = replace(tree, circuits={}, paths={})
    assert maximum.wanted_ma(station.connectors.all(), bare) == 32_000


def test_ways_are_tried_in_turn_until_one_is_taken_and_remembered_by_make(station, now):
    maximum.ask_maximum(station, now=now)
    for state in (REJECTED, CommandState.ERROR, ACCEPTED):
        settle(state, now)
    # 32 A on each of three phases at 230 V.
    assert asked() == [(32_000, 0, None), (32_000, 1, None), (32_000, 0, 22_080)]
    station = read(station)
    assert (station.station_limit_ma, station.station_settled_ma) == (32_000, 32_000)
    assert (station.make.station_way, station.make.takes_station_limit) == (2, True)
    sibling = ChargePointFactory(cluster=station.cluster, make=station.make, ocpp_version=OcppVersion.V16)
    ConnectorFactory(charge_point=sibling, circuit=station.cluster.circuits.get())
    maximum.ask_maximum(sibling, now=now)
    assert asked()[-1] == (16_000, 0, 11_040)


def test_one_that_refuses_every_way_is_settled_and_teaches_of_an_untried_make_alone(station, now):
    maximum.ask_maximum(station, now=now)
    for _ in STATION_WAYS:
        settle(REJECTED, now)
    station = read(station)
    assert (station.station_limit_ma, station.station_settled_ma) == (None, 32_000)
    assert station.make.takes_station_limit is False
    maximum.ask_maximum(station, now=now)
    assert len(asked()) == 3
    Make.objects.update(takes_station_limit=True)
    maximum.ask_maximum(read(station), is_new=True, now=now)
    for _ in STATION_WAYS:
        settle(REJECTED, now)
    assert read(station).make.takes_station_limit is True


@pytest.mark.parametrize("state", [CommandState.UNKNOWN, CommandState.EXPIRED, CommandState.SUPERSEDED])
def test_lost_answer_settles_nothing(station, now, state):
    maximum.ask_maximum(station, now=now)
    maximum.ask_maximum(station, now=now)
    assert len(asked()) == 1
    settle(state, now)
    assert read(station).station_settled_ma is None
    maximum.ask_maximum(read(station), now=now)
    assert len(asked()) == 2


def test_maximum_of_a_person_stays_until_it_is_cleared(station, now):
    arguments = {"limit_ma": 10_000}
    commands.queue_command(
        station, read_order(CommandKind.SET_STATION_LIMIT, arguments | {"stack_level": 0}), by="anna", now=now
    )
    settle(ACCEPTED, now)
    assert (read(station).station_limit_ma, read(station).station_settled_ma) == (10_000, None)
    for is_new in (False, True):
        maximum.ask_maximum(read(station), is_new=is_new, now=now + timedelta(minutes=1))
    assert len(asked()) == 1


def test_changed_wiring_makes_it_outdated_and_one_that_was_never_asked_is_not(station, now):
    tree = topology.read_tree(station.cluster)

    def is_outdated():
        return maximum.is_outdated(station.connectors.select_related("charge_point"), tree)

    assert not is_outdated()
    ChargePoint.objects.update(station_settled_ma=32_000)
    assert not is_outdated()
    Connector.objects.filter(number=1).update(max_current_ma=10_000)
    assert is_outdated()


@pytest.mark.parametrize(
    ("arguments", "is_of_connector", "is_restored"),
    [
        ({}, False, True),
        ({"purpose": Purpose.STATION}, False, True),
        ({"purpose": "TxProfile"}, False, False),
        ({}, True, False),
    ],
)
def test_cleared_maximum_is_written_again(station, now, arguments, is_of_connector, is_restored):
    ChargePoint.objects.update(station_limit_ma=32_000, station_settled_ma=32_000)
    cleared = ChargerCommand(
        charge_point=read(station), kind=CommandKind.CLEAR_LIMITS, arguments=arguments,
        connector=station.connectors.first() if is_of_connector else None,
    )  # fmt: skip
    maximum.restore_cleared(cleared, now=now)
    assert len(asked()) == is_restored
    assert (read(station).station_limit_ma is None) is is_restored
