"""What stays and bookings teach of a driver, in the database; what a decision takes back."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from chargers.models import Session
from drivers.models import Notification
from evbalancer.common.beside import Beside
from evbalancer.common.errors import InvalidInput, StateMoved
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor
from grid.models import AuditEntry
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.problem import problem_of
from scheduling.domain.booking import requests, settlement
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.learning import habits
from scheduling.enums import SlotState
from scheduling.errors import VehicleBooked
from scheduling.models import Allotment, FairnessEntry, Habit, SlotRequest
from scheduling.rules.guard import NEW
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, UserFactory, manager_of
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


@pytest.fixture
def connector():
    return ConnectorFactory(
        circuit=CircuitFactory(),
        charge_point__online_until=NOW + timedelta(hours=1),
        fallback_confirmed_at=NOW,
        fallback_ma=0,
    )


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community, user=UserFactory())


def leave(connector, driver, *, asked_wh=20_000, received_wh=20_000, reason="Local", late_h=0.0, now=NOW):
    """A night that ends: twelve hours, with a wish for the time at which it was to end."""
    session = SessionFactory(
        connector=connector,
        driver=driver,
        state=SessionState.ENDED,
        plugged_at=now - timedelta(hours=12),
        started_at=now - timedelta(hours=12),
        stopped_at=now,
        unplugged_at=now,
        stop_reason=reason,
        energy_wh=received_wh,
    )
    if asked_wh is not None:
        SlotRequestFactory(
            cluster=connector.circuit.cluster,
            driver=driver,
            session=session,
            energy_wh=asked_wh,
            promised_wh=0,
            state=SlotState.ACTIVE,
            created_at=now - timedelta(hours=12),
            ready_by=now - timedelta(hours=late_h),
        )
    settlement.note_ends(Session.objects.filter(pk=session.pk), now=now)
    session.refresh_from_db()
    settlement.settle_stay(session, now=now)
    return session


def test_car_that_ends_full_below_its_wish_teaches_what_a_wish_counts_as(connector, driver):
    for _ in range(3):
        leave(connector, driver, asked_wh=40_000, received_wh=20_000, reason="StoppedByEV")
    habit = Habit.objects.get(driver=driver)
    assert habit.takes_share == 0.5
    assert [each["received_wh"] for each in habit.stays] == [20_000] * 3
    line = leave(connector, driver, asked_wh=40_000, received_wh=5_000).fairness_entry
    assert (line.wanted_wh, line.received_wh) == (20_000, 5_000)
    assert Habit.objects.get(driver=driver).takes_share == 0.5


def test_honest_driver_teaches_nothing_that_counts(connector, driver):
    leave(connector, driver, asked_wh=20_000, received_wh=20_000)
    leave(connector, driver, asked_wh=30_000, received_wh=12_000)
    leave(connector, driver, asked_wh=9_000, received_wh=9_000, reason="StoppedByEV")
    learnt = habits.learnt_of_one(driver.pk)
    assert (learnt.takes_share, learnt.overrun_s, learnt.comes_share) == (1.0, 0, 1.0)
    assert FairnessEntry.objects.order_by("wanted_wh").last().wanted_wh == 30_000


def test_driver_who_stays_longer_than_said_is_expected_to(connector, driver):
    for late_h in (3, 3, 2.5, 3, 4):
        leave(connector, driver, late_h=late_h)
    assert habits.learnt_of_one(driver.pk).overrun_s == 3 * 3600


def demand_of(connector, session, slot=None):
    Session.objects.filter(pk=session.pk).update(state=SessionState.ACTIVE, stopped_at=None)
    seen = situation.read_situation(connector.circuit.cluster, now=NOW, beside=Beside("test"))
    [demand] = problem_of(seen).demands
    return demand


def open_session(connector, driver, **changes):
    values = {"plugged_at": NOW, "started_at": NOW, "state": SessionState.ACTIVE} | changes
    return SessionFactory(connector=connector, driver=driver, **values)


def test_plan_takes_what_the_word_counts_as(connector, driver):
    Habit.objects.create(
        community=connector.community, driver=driver, takes_share=0.5, overrun_s=3_600, updated_at=NOW
    )
    session = open_session(connector, driver)
    SlotRequestFactory(
        cluster=connector.circuit.cluster,
        driver=driver,
        session=session,
        energy_wh=40_000,
        promised_wh=0,
        state=SlotState.ACTIVE,
        created_at=NOW,
        ready_by=NOW + timedelta(hours=8),
    )
    demand = demand_of(connector, session)
    assert (demand.energy_wh, demand.remaining_wh, demand.depart_s) == (20_000, 20_000, 9 * 3600)


def test_silence_counts_as_little_and_until_the_usual_time(connector, driver):
    session = open_session(connector, driver)
    demand = demand_of(connector, session)
    assert (demand.energy_wh, demand.remaining_wh, demand.depart_s) == (20_000, 20_000, None)
    Habit.objects.create(
        community=connector.community, driver=driver, silent_wh=7_000, usual_stay_s=36_000, updated_at=NOW
    )
    demand = demand_of(connector, session)
    assert (demand.energy_wh, demand.depart_s) == (7_000, 36_000)


def test_next_transaction_of_a_stay_keeps_its_starts_and_another_stay_does_not(connector, driver):
    first = open_session(connector, driver)
    Allotment.objects.create(
        community=connector.community,
        connector=connector,
        session=first,
        starts=3,
        since=NOW - timedelta(minutes=4),
        at=NOW,
        reason="circuit_full",
    )
    Session.objects.filter(pk=first.pk).update(state=SessionState.ENDED)
    second = open_session(connector, driver, stay_id=first.stay_id, stay_began_at=first.plugged_at)
    demand = demand_of(connector, second)
    assert (demand.starts, demand.since_s) == (3, 240)
    Session.objects.filter(pk=second.pk).update(state=SessionState.ENDED)
    assert demand_of(connector, open_session(connector, driver)).starts == 0


def test_unplugging_for_a_moment_is_remembered_for_the_same_car(connector, driver):
    leave(connector, driver, asked_wh=20_000, received_wh=8_000, now=NOW - timedelta(minutes=10))
    session = open_session(connector, driver)
    assert demand_of(connector, session).energy_wh == 28_000
    leave(connector, driver, asked_wh=None, received_wh=1_000, now=NOW - timedelta(minutes=1))
    assert Habit.objects.get(driver=driver).lately_wh == 1_000


def wish(hours=8, energy_wh=5_000):
    return SlotWish(
        energy_wh=energy_wh, not_before=NOW + timedelta(hours=1), ready_by=NOW + timedelta(hours=hours)
    )


def test_bookings_that_come_to_nothing_count_less_and_changes_do_not_matter(connector, driver):
    cluster = connector.circuit.cluster
    slot = requests.request_slot(driver, cluster, wish(), now=NOW)
    slot = requests.change_slot(slot, wish(energy_wh=6_000), now=NOW)
    assert not Habit.objects.exists()
    for _ in range(4):
        requests.cancel_slot(slot, now=NOW)
        slot = requests.request_slot(driver, cluster, wish(), now=NOW)
    habit = Habit.objects.get(driver=driver)
    assert ([each["came"] for each in habit.bookings], habit.comes_share) == ([False] * 4, 0.0625)


def test_what_ghosts_book_keeps_little_room_from_others(connector, driver):
    """The circuit has 3 x 63 A; ghosts of 160 kWh would leave less than half of it."""
    circuit = connector.circuit
    type(circuit).objects.update(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    ConnectorFactory.create_batch(3, circuit=circuit)
    other = DriverFactory(community=connector.community)
    large = wish(hours=9, energy_wh=80_000)
    requests.request_slot(driver, circuit.cluster, large, now=NOW)
    beside_a_stranger = requests.preview_slot(other, circuit.cluster, large, now=NOW).answer.promised_wh
    Habit.objects.create(community=connector.community, driver=driver, not_come=20, updated_at=NOW)
    beside_a_ghost = requests.preview_slot(other, circuit.cluster, large, now=NOW).answer.promised_wh
    SlotRequest.objects.all().delete()
    alone = requests.preview_slot(other, circuit.cluster, large, now=NOW).answer.promised_wh
    assert beside_a_stranger < beside_a_ghost
    assert beside_a_ghost > 0.98 * alone


def test_driver_books_one_slot_at_a_time_for_each_car(connector, driver):
    cluster = connector.circuit.cluster
    requests.request_slot(driver, cluster, wish(), now=NOW)
    with pytest.raises(VehicleBooked):
        requests.request_slot(driver, cluster, wish(), now=NOW)
    with pytest.raises(VehicleBooked):
        requests.preview_slot(driver, cluster, wish(), now=NOW)
    VehicleFactory.create_batch(2, driver=driver)
    requests.request_slot(driver, cluster, wish(), now=NOW)


def test_promise_is_of_what_the_wish_counts_as(connector, driver):
    Habit.objects.create(community=connector.community, driver=driver, takes_share=0.5, updated_at=NOW)
    slot = requests.request_slot(driver, connector.circuit.cluster, wish(energy_wh=10_000), now=NOW)
    assert (slot.energy_wh, slot.promised_wh, slot.state) == (10_000, 5_000, SlotState.PROMISED)
    assert slot.why_said == Said(
        "slot.counts_in_part", {"promised_wh": slot.promised_wh, "energy_wh": slot.energy_wh}
    )


def test_objection_waits_for_a_manager_who_forgets_what_was_learnt(connector, driver):
    driver_actor = Actor.of_user(driver.user)
    with pytest.raises(StateMoved):
        habits.object_to(driver, text="Never drove here", actor=driver_actor, now=NOW)
    leave(connector, driver, asked_wh=40_000, received_wh=20_000, reason="StoppedByEV")
    with pytest.raises(InvalidInput):
        habits.object_to(driver, text="  ", actor=driver_actor, now=NOW)
    habit = habits.object_to(driver, text="My battery was cold", actor=driver_actor, now=NOW)
    with pytest.raises(StateMoved):
        habits.object_to(driver, text="Again", actor=driver_actor, now=NOW)
    manager = Actor.of_user(manager_of(connector.community))
    with pytest.raises(InvalidInput):
        habits.decide_habit(habit, forget=True, decision=" ", actor=manager, now=NOW)
    habit = habits.decide_habit(habit, forget=True, decision="A cold night", actor=manager, now=NOW)
    assert (habit.learnt, habit.stays, habit.bookings) == (NEW, [], [])
    assert "A cold night" in Notification.objects.get(driver=driver).told
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"habit.objected", "habit.forgotten"} <= actions


def test_objection_may_be_refused_once_and_raised_again(connector, driver):
    leave(connector, driver, asked_wh=40_000, received_wh=20_000, reason="StoppedByEV")
    manager = Actor.of_user(manager_of(connector.community))
    habit = habits.object_to(driver, text="No", actor=Actor.of_user(driver.user), now=NOW)
    habit = habits.decide_habit(habit, forget=False, decision="It is so", actor=manager, now=NOW)
    assert (habit.takes_share, habit.decision) == (0.5, "It is so")
    with pytest.raises(StateMoved):
        habits.decide_habit(habit, forget=False, decision="Again", actor=manager, now=NOW)
    assert habits.object_to(driver, text="Look", actor=Actor.of_user(driver.user), now=NOW).decision == ""


def test_what_is_known_of_many_drivers_is_one_query(connector, django_assert_num_queries):
    drivers = DriverFactory.create_batch(5, community=connector.community)
    for each in drivers:
        Habit.objects.create(community=connector.community, driver=each, takes_share=0.7, updated_at=NOW)
    with django_assert_num_queries(1):
        known = habits.learnt_of([each.pk for each in drivers])
    assert {each.takes_share for each in known.values()} == {0.7}


@pytest.mark.parametrize(
    ("taking", "is_sated"),
    [
        ({"slept_at_ma": 16_000, "drew_at_ma": 10_000}, True),
        ({"slept_at_ma": 6_000, "drew_at_ma": 10_000}, False),
        ({"slept_at_ma": 6_000, "rests": 1}, True),
        ({"drew_at_ma": 6_000}, False),
    ],
)
def test_car_is_sated_that_declines_where_it_charged_before(connector, driver, taking, is_sated):
    session = open_session(connector, driver)
    Allotment.objects.create(
        community=connector.community,
        connector=connector,
        session=session,
        taking=taking,
        since=NOW,
        at=NOW,
        reason="car_max",
    )
    settlement.note_ends(Session.objects.filter(pk=session.pk), now=NOW)
    session.refresh_from_db()
    assert session.ended_sated is is_sated
