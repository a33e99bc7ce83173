from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import ConnectorStatus, SessionState
from scheduling.domain.learning import windows
from scheduling.enums import SlotState
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def root():
    return CircuitFactory()


@pytest.fixture
def connectors(root):
    return [ConnectorFactory(circuit=root, charge_point__name=name) for name in ("A", "B")]


def calendar(root):
    return windows.read_calendar(root.cluster, now=NOW)


def book(root, **fields):
    given = {"created_at": NOW, "not_before": NOW + HOUR, "ready_by": NOW + 3 * HOUR} | fields
    return SlotRequestFactory(cluster=root.cluster, **given)


def plug(connector, **fields):
    return SessionFactory(connector=connector, plugged_at=NOW, state=SessionState.PLUGGED_IN, **fields)


def free(root, start_h=0, end_h=8, vehicle=None):
    rows = calendar(root).free(NOW + start_h * HOUR, NOW + end_h * HOUR, vehicle=vehicle, now=NOW)
    return [row.charge_point.name for row in rows]


@pytest.mark.parametrize("where", ["connector", "planned_connector"])
def test_booked_connector_is_free_up_to_its_slot_and_from_its_end_on(root, connectors, where):
    book(root, **{where: connectors[0]})
    assert [free(root, *span) for span in ((0, 1), (0, 2), (2, 3), (3, 4))] == [
        ["A", "B"],
        ["B"],
        ["B"],
        ["A", "B"],
    ]


def test_car_without_a_word_is_expected_to_stay_two_hours(root, connectors):
    plug(connectors[0])
    assert [free(root, hours) for hours in (0, 1, 2)] == [["B"], ["B"], ["A", "B"]]


def test_car_with_a_slot_stays_until_its_end_and_two_hours_after_that(root, connectors):
    session = plug(connectors[0])
    slot = book(root, connector=connectors[0], session=session, not_before=NOW, state=SlotState.ACTIVE)
    assert [free(root, hours) for hours in (2, 3)] == [["B"], ["A", "B"]]
    slot.not_before, slot.ready_by = NOW - 2 * HOUR, NOW
    slot.save()
    assert [free(root, hours) for hours in (1, 2)] == [["B"], ["A", "B"]]


def test_car_is_not_in_its_own_way_and_is_found_where_it_stands(root, connectors):
    vehicle = VehicleFactory(driver=DriverFactory(community=root.community))
    plug(connectors[1], vehicle=vehicle)
    assert (free(root), free(root, vehicle=vehicle)) == (["A"], ["A", "B"])
    assert calendar(root).standing(vehicle) == connectors[1]
    assert calendar(root).standing(VehicleFactory()) is None
    assert calendar(root).standing(None) is None


@pytest.mark.parametrize("status", [ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE])
def test_connector_out_of_order_is_not_free(root, connectors, status):
    connectors[0].status = status
    connectors[0].save()
    assert free(root) == ["B"]


def test_calendar_has_what_is_in_use_and_open_here_in_three_queries(
    root, connectors, django_assert_num_queries
):
    ConnectorFactory(circuit=root, retired_at=NOW)
    ConnectorFactory(circuit=root, charge_point__retired_at=NOW)
    ConnectorFactory()
    open_slot = book(root)
    book(root, state=SlotState.CANCELLED)
    book(root, not_before=NOW - HOUR, ready_by=NOW)
    session = plug(connectors[0])
    plug(ConnectorFactory())
    with django_assert_num_queries(3):
        read = calendar(root)
    assert (read.connectors, read.slots, read.sessions) == (connectors, [open_slot], [session])


def test_calendar_without_a_slot_is_the_same_but_for_it(root, connectors):
    slot, other = book(root, connector=connectors[0]), book(root, connector=connectors[1])
    read = calendar(root)
    assert read.without(slot).slots == [other]
    assert read.without(None) is read


def test_slots_of_a_car_are_those_that_meet_the_window(root, connectors):
    vehicle = VehicleFactory(driver=DriverFactory(community=root.community))
    slot = book(root, vehicle=vehicle)
    book(root)
    read = calendar(root)
    spans = [(0, 1), (0, 2), (2, 9), (3, 4)]
    found = [read.of_vehicle(vehicle, NOW + start * HOUR, NOW + end * HOUR) for start, end in spans]
    assert found == [[], [slot], [slot], []]


@pytest.mark.parametrize(
    ("rotation", "phases", "loads", "powers"),
    [
        ("STR", None, (1, 2, 0), 3),
        ("STR", 1, (1,), 1),
        ("STR", 2, (1, 2), 2),
        ("S", 3, (1,), 1),
        # Unknown wiring: all three may be loaded, and only one is counted on.
        ("", None, (0, 1, 2), 1),
        ("", 3, (0, 1, 2), 1),
    ],
)
def test_car_loads_the_connectors_first_phases_as_many_as_it_has(root, rotation, phases, loads, powers):
    connector = ConnectorFactory(circuit=root, phase_rotation=rotation)
    vehicle = VehicleFactory(phases=phases) if phases else None
    assert windows.phases_of_car(connector, vehicle) == loads
    assert windows.power_phases(connector, vehicle) == powers


def test_current_is_bounded_by_connector_and_car(root):
    connector = ConnectorFactory(circuit=root, max_current_ma=16_000)
    cars = [None, VehicleFactory(max_current_ma=10_000), VehicleFactory(max_current_ma=32_000)]
    assert [windows.max_ma(connector, car) for car in cars] == [16_000, 10_000, 16_000]
