"""What a meter's word is worth: its age, its sign, its unit, and whether it sees the cars too."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from evbalancer.common.errors import InvalidInput
from evbalancer.common.units import PhaseMilliamps
from grid.domain import readings, topology
from grid.enums import MeterView
from grid.models import Circuit, LoadCurve, MeterReading
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.grid import CircuitFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
HIGHEST = {f"base_load_max_l{phase}_ma": 30_000 for phase in (1, 2, 3)}


def metered(**fields: object) -> Circuit:
    return CircuitFactory(has_meter=True, **HIGHEST, **fields)


def say(circuit: Circuit, *load_ma: int, ago_s: float = 0) -> MeterReading:
    at = NOW - timedelta(seconds=ago_s)
    load = PhaseMilliamps(*load_ma) if len(load_ma) == 3 else PhaseMilliamps(*load_ma * 3)
    return readings.record_reading(circuit, base_load_ma=load, measured_at=at, now=at)


def counted(circuit: Circuit) -> PhaseMilliamps:
    return readings.base_loads_ma(circuit.cluster, topology.read_tree(circuit.cluster), now=NOW)[circuit.pk]


def surplus(circuit: Circuit) -> PhaseMilliamps:
    return readings.surplus_ma(topology.read_tree(circuit.cluster), now=NOW)


@pytest.mark.promise("E11")
def test_silent_meter_counts_as_the_highest_load() -> None:
    circuit = metered()
    assert counted(circuit) == (30_000,) * 3
    say(circuit, 5_000, ago_s=61)
    assert counted(circuit) == (30_000,) * 3
    say(circuit, 5_000, ago_s=59)
    assert counted(circuit) == (5_000,) * 3


@pytest.mark.promise("E11")
def test_meter_that_replays_its_past_is_silent() -> None:
    circuit = metered()
    old = NOW - timedelta(hours=1)
    readings.record_reading(circuit, base_load_ma=PhaseMilliamps(1, 1, 1), measured_at=old, now=NOW)
    assert counted(circuit) == (30_000,) * 3


@pytest.mark.parametrize(
    ("load_ma", "ahead_s"), [((144_001, 0, 0), 0), ((0, -144_001, 0), 0), ((0, 0, 0), 301)]
)
def test_reading_that_can_not_be_is_refused(load_ma: tuple[int, int, int], ahead_s: int) -> None:
    at = NOW + timedelta(seconds=ahead_s)
    with pytest.raises(InvalidInput):
        readings.record_reading(metered(), base_load_ma=PhaseMilliamps(*load_ma), measured_at=at, now=NOW)
    assert not MeterReading.objects.exists()


def test_building_that_feeds_in_takes_nothing() -> None:
    circuit = metered()
    say(circuit, -8_000, 4_000, 0)
    assert counted(circuit) == (0, 4_000, 0)


def test_cars_are_taken_off_a_meter_that_sees_them_too() -> None:
    root = metered(meter_sees=MeterView.EVERYTHING)
    panel = CircuitFactory(cluster=root.cluster, parent=root, has_meter=True)
    for age_s, current_ma in ((5, 10_000), (40, 7_000)):
        SessionFactory(
            connector=ConnectorFactory(circuit=panel),
            plugged_at=NOW,
            state=SessionState.ACTIVE,
            started_at=NOW,
            transaction_id=age_s,
            current_l1_ma=current_ma,
            metered_at=NOW - timedelta(seconds=age_s),
        )
    assert say(root, 25_000, 9_000, 9_000).base_load_ma == (15_000, 9_000, 9_000)
    assert say(panel, 20_000).base_load_ma == (20_000,) * 3


def test_car_that_has_just_stopped_hides_no_building_load() -> None:
    root = metered(meter_sees=MeterView.EVERYTHING)
    say(root, 15_000, ago_s=20)
    say(root, 5_000, ago_s=2)  # the car's own meter still said 10 A
    assert counted(root) == (15_000,) * 3


def test_surplus_is_the_least_of_two_minutes_less_a_margin() -> None:
    circuit = metered(spends_surplus=True)
    for ago_s, load_ma in ((125, -20_000), (80, -12_000), (40, -15_000), (5, -20_000)):
        say(circuit, load_ma, ago_s=ago_s)
    assert surplus(circuit) == (9_800,) * 3
    say(circuit, 1_000, -20_000, -20_000)
    assert surplus(circuit) == (0, 9_800, 9_800)


@pytest.mark.parametrize("ages_s", [(5,), (125, 90), (125, 50, 5), (100, 50, 5)])
def test_surplus_is_not_believed_over_a_gap(ages_s: tuple[int, ...]) -> None:
    circuit = metered(spends_surplus=True)
    for ago_s in ages_s:
        say(circuit, -20_000, ago_s=ago_s)
    assert surplus(circuit) == (0, 0, 0)


def test_surplus_is_spent_only_where_the_community_says_so() -> None:
    circuit = metered()
    for ago_s in (125, 70, 10):
        say(circuit, -20_000, ago_s=ago_s)
    assert surplus(circuit) == (0, 0, 0)


def test_profile_by_weekday_and_hour_is_an_upper_bound() -> None:
    circuit = CircuitFactory(**HIGHEST)
    week = [[1_000] * 24 for _ in range(7)]
    week[0][18], week[0][19] = 9_000, 12_000  # Monday 18:00 UTC is 19:00 in Berlin
    LoadCurve.objects.create(
        community=circuit.community,
        circuit=circuit,
        l1_ma=[7] * 96,
        l2_ma=[7] * 96,
        l3_ma=[7] * 96,
        week_ma=week,
    )
    assert counted(circuit) == (12_000,) * 3


@pytest.mark.promise("E16")
def test_phase_that_was_not_measured_counts_at_its_maximum() -> None:
    circuit = metered()
    readings.record_reading(circuit, base_load_ma=(5_000, None, -2_000), measured_at=NOW, now=NOW)
    assert MeterReading.objects.get().base_load_ma == (5_000, 30_000, -2_000)
    assert counted(circuit) == (5_000, 30_000, 0)
