"""When cars are expected to charge, by the newest run: one that is here, one that is booked, and a wish."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.balancing.replay import pack_problem
from scheduling.domain.trials.courses import WISH, Wanted, foresee_courses, foresee_of_drivers
from scheduling.enums import RunTrigger, SlotState
from scheduling.models import RebalanceRun
from scheduling.solver import Circuit, Demand, Policy, Problem
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
# 16 A on one phase.
FULL_W = 3_680


@pytest.fixture
def connector():
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    return ConnectorFactory(circuit=root, phase_rotation="R", max_current_ma=32_000)


def run_of(connector, *demands, at=NOW, **fields):
    cluster = connector.charge_point.cluster
    problem = Problem(
        circuits=(Circuit(str(connector.circuit_id), limit_ma=(16_000,) * 3),),
        demands=demands,
        policy=Policy(minimum_first=True),
        period_s=900,
    )
    packed = pack_problem(problem)
    rest = {"inputs": packed.inputs, "inputs_digest": packed.digest} | fields
    return RebalanceRun.objects.create(
        community=cluster.community, cluster=cluster, at=at, trigger=RunTrigger.BEAT, duration_ms=1, decisions=[], **rest
    )  # fmt: skip


def car_at(connector, energy_wh, **fields):
    given = {"phases": (0,), "max_ma": 16_000, "energy_wh": energy_wh, "remaining_wh": energy_wh} | fields
    return Demand(str(connector.pk), str(connector.circuit_id), **given)


def wish(connector, hours=2, **changes):
    given = {"energy_wh": hours * FULL_W, "promised_wh": 0, "not_before": NOW, "ready_by": NOW + 10 * HOUR}
    return Wanted(connector, None, **(given | changes))


def foresee(connector, *of, now=NOW, **options):
    return dict(foresee_courses(connector.charge_point.cluster, of=of, now=now, **options))


def hours_of(course):
    return [((row.begins_at - NOW) / HOUR, (row.ends_at - NOW) / HOUR, row.power_w) for row in course]


def test_wish_alone_is_expected_to_charge_at_once(connector):
    run_of(connector)
    assert hours_of(foresee(connector, WISH, wish=wish(connector))[WISH]) == [(0, 2, FULL_W)]


def test_wish_for_a_car_that_charges_counts_what_it_had(connector):
    SessionFactory(
        connector=connector, state=SessionState.ACTIVE, plugged_at=NOW, started_at=NOW, energy_wh=FULL_W
    )  # fmt: skip
    run_of(connector, car_at(connector, 9 * FULL_W))
    course = foresee(connector, WISH, wish=wish(connector, 3))[WISH]
    assert hours_of(course) == [(0, 2, FULL_W)]


def test_cars_that_are_booked_are_counted_on_beside_the_wish(connector):
    other = ConnectorFactory(circuit=connector.circuit, phase_rotation="R")
    run_of(connector)
    slot = SlotRequestFactory(
        cluster=connector.charge_point.cluster,
        planned_connector=other,
        created_at=NOW,
        energy_wh=2 * FULL_W,
        promised_wh=2 * FULL_W,
        ready_by=NOW + 10 * HOUR,
    )
    both = foresee(connector, WISH, str(slot.pk), wish=wish(connector))
    assert max(course[-1].ends_at for course in both.values()) >= NOW + 4 * HOUR - timedelta(minutes=15)
    # In its place the wish has the circuit alone.
    alone = foresee(connector, WISH, wish=wish(connector), instead_of=slot)[WISH]
    assert hours_of(alone) == [(0, 2, FULL_W)]


def test_cars_and_slots_of_a_driver_come_with_their_courses_and_nobody_elses(connector):
    driver = DriverFactory(community=connector.community)
    session = SessionFactory(
        connector=connector, driver=driver, state=SessionState.ACTIVE, plugged_at=NOW, started_at=NOW
    )
    other = ConnectorFactory(circuit=connector.circuit, phase_rotation="S")
    mine = SlotRequestFactory(
        cluster=connector.charge_point.cluster, driver=driver, planned_connector=other, created_at=NOW
    )
    SlotRequestFactory(cluster=connector.charge_point.cluster, planned_connector=other, created_at=NOW)
    SlotRequestFactory(
        cluster=connector.charge_point.cluster, driver=driver, state=SlotState.CANCELLED, created_at=NOW
    )
    run_of(connector, car_at(connector, FULL_W))
    found = foresee_of_drivers([driver], now=NOW)
    assert {(row.session, row.slot) for row in found} == {(session, None), (None, mine)}
    assert hours_of(next(row for row in found if row.session).course) == [(0, 1, FULL_W)]


@pytest.mark.parametrize(
    "fields", [{"at": NOW - timedelta(minutes=4)}, {"safe_plan": True}, {"inputs": b""}], ids=["old", "refused", "gone"]
)  # fmt: skip
def test_without_a_fresh_run_nothing_is_foretold(connector, fields):
    run_of(connector, **fields)
    assert foresee(connector, WISH, wish=wish(connector)) == {}


def test_nothing_is_foretold_where_a_plan_would_take_too_long(connector):
    run_of(connector, *(car_at(ConnectorFactory.build(circuit=connector.circuit), 1_000) for _ in range(151)))
    assert foresee(connector, WISH, wish=wish(connector)) == {}
