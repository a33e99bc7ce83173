"""What a car says is advice: no word of it raises a limit or stops charging (C11), and no provider delays a plan (C6)."""

from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Thread

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from chargers.domain.limits import limits as charger_limits
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.events import TransactionStarted
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from drivers.models import Driver
from evbalancer.common.events import publish
from fleet.domain.vehicles import FULL_LASTS, record_state
from fleet.enums import ChargeState, PlugState, ReadingSource
from fleet.models import Stay, Vehicle
from fleet.smartcar.bounded import bounded
from fleet.smartcar.gateway import CarState
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import RebalanceRun
from tests.e2e import site
from tests.examples import examples
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
# One moment for all: what prices, quarters of an hour and midnight do to a plan is judged elsewhere.
NOW = datetime(2026, 3, 2, 18, 7, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def charging():
    """Two cars charging, each known as its driver's."""
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.CHARGING)
    cars = []
    for number, identity in enumerate(("A1", "A2"), start=1):
        connector = Connector.objects.get(charge_point__identity=identity)
        driver = Driver.objects.get(name=f"Driver of {identity}")
        cars.append(VehicleFactory(driver=driver, phases=3))
        session = Session.objects.create(
            community_id=connector.community_id,
            connector=connector,
            driver=driver,
            state=SessionState.ACTIVE,
            state_since=NOW,
            plugged_at=NOW - timedelta(hours=1),
            started_at=NOW - timedelta(hours=1),
            transaction_id=number,
        )
        with transaction.atomic():
            charger_limits.transaction_started(session, now=NOW)
            publish(TransactionStarted(session_id=session.pk, cluster_id=built.cluster.pk))
    assert Session.objects.filter(vehicle__in=cars).count() == 2
    return built.cluster, cars[0]


def planned(cluster):
    share_power(cluster.pk, now=NOW, trigger="test")
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    return {row.connector.charge_point.identity: row.limit_ma for row in rows}


SAYINGS = [
    {"charge_pct": 0},
    {"charge_pct": 100},
    {"charge_pct": 5, "plug_state": PlugState.UNPLUGGED},
    {"plug_state": PlugState.UNPLUGGED, "charge_state": ChargeState.NOT_CHARGING},
    {"charge_pct": 50, "charge_limit_pct": 50},
    {"charge_pct": 3, "range_km": 0, "battery_wh": 1_000},
]


@pytest.mark.promise("C11")
@pytest.mark.parametrize("said", SAYINGS, ids=str)
@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=3)], ids=["fresh", "stale"])
def test_no_word_of_a_car_changes_a_limit(charging, said, age):
    cluster, car = charging
    with transaction.atomic():
        without = planned(cluster)
        transaction.set_rollback(True)
    record_state(car, CarState(measured_at=NOW - age, **said), source=ReadingSource.SMARTCAR, now=NOW)
    assert planned(cluster) == without
    assert without["A1"] >= 6_000


@pytest.mark.promise("C11")
@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=2)], ids=["fresh", "stale"])
def test_car_that_says_it_is_full_is_never_stopped(charging, age):
    cluster, car = charging
    with transaction.atomic():
        without = planned(cluster)
        transaction.set_rollback(True)
    full = CarState(NOW - age, plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
    record_state(car, full, source=ReadingSource.SMARTCAR, now=NOW)
    limits = planned(cluster)
    assert 6_000 <= limits["A1"] <= without["A1"]


def saying(ages):
    """Anything that a car can say, of any moment of these; None: it says nothing at all."""
    maybe = partial(st.one_of, st.none())
    said = st.builds(
        lambda age, plug_age, **words: CarState(NOW - age, plug_at=plug_age and NOW - plug_age, **words),
        ages,
        maybe(ages),
        charge_pct=maybe(st.integers(0, 100)),
        range_km=maybe(st.integers(0, 900)),
        battery_wh=maybe(st.integers(1_000, 500_000)),
        charge_limit_pct=maybe(st.integers(0, 100)),
        plug_state=st.sampled_from(PlugState),
        charge_state=st.sampled_from(ChargeState),
    )
    return maybe(said)


LATELY = st.timedeltas(timedelta(0), FULL_LASTS)
LONG_AGO = st.timedeltas(FULL_LASTS + timedelta(seconds=1), timedelta(days=400))
METERED = st.tuples(st.integers(0, 16_000), st.one_of(st.none(), st.integers(0, 100)))
FULL_NOW = CarState(NOW, plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
FULL_ONCE = CarState(NOW - timedelta(hours=2), plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
AWAY_NOW = CarState(NOW, plug_state=PlugState.UNPLUGGED)
ANY_WORDS = examples(15, suppress=[HealthCheck.function_scoped_fixture])


def advised(cluster, metered, told):
    """What the solver is asked and the limits that follow, after each car said its part; then all of it is undone."""
    sessions = list(Session.objects.select_related("vehicle").order_by("transaction_id"))
    with transaction.atomic():
        # Both came long ago: only its age makes a word stale, not that it is of the time before.
        Stay.objects.update(began_at=NOW - timedelta(days=500))
        for session, (draws_ma, charge_pct), said in zip(sessions, metered, told, strict=True):
            Session.objects.filter(pk=session.pk).update(
                current_l1_ma=draws_ma,
                current_l2_ma=draws_ma,
                current_l3_ma=draws_ma,
                charge_pct=charge_pct,
                metered_at=NOW,
            )
            if said is not None:
                record_state(session.vehicle, said, source=ReadingSource.SMARTCAR, now=NOW)
        limits = planned(cluster)
        asked = RebalanceRun.objects.get(cluster=cluster).inputs_digest
        transaction.set_rollback(True)
    return asked, limits


@pytest.mark.promise("C11")
def test_stale_or_absent_word_changes_nothing_of_what_is_planned(charging):
    cluster, _ = charging

    @ANY_WORDS
    @given(st.tuples(METERED, METERED), st.tuples(saying(LONG_AGO), saying(LONG_AGO)))
    @example(((0, None), (0, None)), (FULL_ONCE, FULL_ONCE))
    def judge(metered, told):
        assert advised(cluster, metered, told) == advised(cluster, metered, (None, None))

    judge()


@pytest.mark.promise("C11")
@pytest.mark.parametrize("battery_wh", [60_000, None])
def test_fresh_word_never_raises_the_own_limit_and_never_stops_anybody(charging, battery_wh):
    cluster, car = charging
    Vehicle.objects.filter(pk=car.pk).update(battery_wh=battery_wh)

    @ANY_WORDS
    @given(st.tuples(METERED, METERED), saying(LATELY))
    @example(((0, None), (16_000, 40)), FULL_NOW)
    @example(((4_331, 50), (189, 100)), FULL_NOW)
    @example(((0, 100), (16_000, 100)), None)
    @example(((0, 98), (0, None)), AWAY_NOW)
    @example(((0, 90), (16_000, 98)), CarState(NOW, battery_wh=500_000))
    def judge(metered, said):
        _, without = advised(cluster, metered, (None, None))
        _, limits = advised(cluster, metered, (said, None))
        assert limits.keys() == without.keys() == {"A1", "A2"}
        assert 6_000 <= limits["A1"] <= without["A1"]
        assert limits["A2"] >= without["A2"] >= 6_000

    judge()


@pytest.mark.promise("C11")
@pytest.mark.parametrize("draws_ma", [0, 189, 16_000])
def test_car_that_is_full_by_its_charger_is_never_stopped(charging, draws_ma):
    cluster, _ = charging
    metered = (draws_ma, 100)
    _, limits = advised(cluster, (metered, metered), (None, None))
    assert {identity: limit_ma >= 6_000 for identity, limit_ma in limits.items()} == {"A1": True, "A2": True}
    assert max(limits.values()) == (32_000 if draws_ma > 6_000 else 6_000)


def test_car_that_says_it_is_full_and_draws_nothing_keeps_its_minimum_only(charging):
    cluster, car = charging
    full = CarState(NOW, plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
    record_state(car, full, source=ReadingSource.SMARTCAR, now=NOW)
    assert planned(cluster)["A1"] == 6_000


@pytest.mark.promise("C6")
@pytest.mark.django_db(transaction=True)
def test_hung_provider_delays_no_plan(charging):
    cluster, _ = charging
    hangs = Event()

    def ask() -> None:
        bounded(lambda: hangs.wait(60), seconds=60)

    waiting = [Thread(target=ask) for _ in range(8)]
    for thread in waiting:
        thread.start()
    assert planned(cluster)
    assert all(thread.is_alive() for thread in waiting)
    hangs.set()
    for thread in waiting:
        thread.join()
    hangs.set()
