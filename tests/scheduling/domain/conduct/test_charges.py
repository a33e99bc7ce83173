from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from chargers.enums import SessionState
from chargers.events import SessionClosed, TransactionEnded
from chargers.models import MeterValue
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said
from pricing.models import BillLine
from scheduling.domain.conduct.charges import (
    CANCELLED_BY_DRIVER,
    charge_booking,
    charge_emergencies,
    charge_overstay,
)
from scheduling.domain.conduct.emergencies import revoke_emergency
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import EmergencyRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, UserFactory
from tests.factories.pricing import TariffFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
STOP = START + 2 * HOUR


@pytest.fixture
def session():
    connector = ConnectorFactory()
    TariffFactory(
        community=connector.community, emergency_surcharge_per_mwh_minor=100_000, overstay_per_hour_minor=300
    )
    return SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=START,
        started_at=START,
        stopped_at=STOP,
        unplugged_at=STOP + 2 * HOUR,
        meter_start_wh=100_000,
        energy_wh=10_000,
        state=SessionState.ENDED,
    )


def claim(session, **changes):
    values = {
        "state": EmergencyState.DONE,
        "state_since": STOP,
        "granted_wh": 20_000,
        "until": START + 5 * HOUR,
        "created_at": START,
        "energy_wh": 20_000,
        "needed_by": START + 5 * HOUR,
    }
    return EmergencyRequest.objects.create(
        community=session.community,
        driver=session.driver,
        session=session,
        reason="hospital",
        **(values | changes),
    )


def waiting(at, *, since=START, **changes):
    slot = {"state": SlotState.QUEUED, "promised_wh": 0, "created_at": since, "ready_by": START + 9 * HOUR}
    cluster = at.connector.charge_point.cluster
    return SlotRequestFactory(cluster=cluster, **(slot | changes))


def test_surcharge_is_on_what_flowed_and_not_on_what_was_granted(session):
    claim(session)
    line = charge_emergencies(session, now=STOP)
    assert (line.kind, line.energy_wh, line.amount_minor, line.currency) == (
        "emergency",
        10_000,
        1_000,
        "EUR",
    )
    assert line.parts[0]["price_per_mwh_minor"] == 100_000


def test_surcharge_ends_with_the_grant(session):
    claim(session, granted_wh=4_000)
    assert charge_emergencies(session, now=STOP).energy_wh == 4_000


def test_surcharge_leaves_out_what_the_car_had_before(session):
    claim(session, energy_before_wh=7_000)
    assert charge_emergencies(session, now=STOP).energy_wh == 3_000


def test_surcharge_ends_where_the_meter_stood_when_it_was_taken_back(session):
    at = START + HOUR
    MeterValue.objects.create(
        community=session.community,
        connector=session.connector,
        session=session,
        received_at=at,
        measured_at=at,
        energy_wh=108_000,
    )
    claim(session, state=EmergencyState.REVOKED, state_since=START + HOUR / 2)
    assert charge_emergencies(session, now=STOP).energy_wh == 4_000


@pytest.mark.parametrize("state", [EmergencyState.REFUSED, EmergencyState.PENDING])
def test_surcharge_is_not_on_what_was_not_granted(session, state):
    claim(session, state=state)
    assert charge_emergencies(session, now=STOP) is None


def test_surcharge_is_not_on_a_claim_withdrawn_while_pending(session):
    pending = claim(session, state=EmergencyState.PENDING)
    revoke_emergency(pending, by=UserFactory(), reason="not needed", now=STOP)
    assert charge_emergencies(session, now=STOP) is None


def test_surcharge_is_written_at_the_end_of_the_transaction_and_once(session):
    claim(session, state=EmergencyState.ACCEPTED, state_since=START)
    cluster_id = session.connector.charge_point.cluster_id
    for _ in range(2):
        with transaction.atomic():
            publish(TransactionEnded(session_id=session.pk, cluster_id=cluster_id))
    assert BillLine.objects.filter(kind="emergency").count() == 1


def test_overstay_costs_the_time_others_waited_after_the_grace(session):
    waiting(session, since=STOP + HOUR)
    line = charge_overstay(session, now=session.unplugged_at)
    assert (line.kind, line.amount_minor, line.parts[0]["others_waited_s"]) == ("overstay", 300, 3_600)
    waiting(session)
    assert charge_overstay(session, now=session.unplugged_at) == line


def test_overstay_has_the_grace_of_the_community(session):
    waiting(session)
    assert charge_overstay(session, now=session.unplugged_at).parts[0]["others_waited_s"] == 5_400


def test_overstay_is_free_while_nobody_waits(session):
    assert charge_overstay(session, now=session.unplugged_at) is None


def test_overstay_is_free_while_only_its_own_driver_waits(session):
    waiting(session, driver=session.driver)
    assert charge_overstay(session, now=session.unplugged_at) is None


def test_overstay_is_free_while_others_wait_elsewhere(session):
    other = ConnectorFactory(circuit=session.connector.circuit)
    waiting(session, connector=other)
    assert charge_overstay(session, now=session.unplugged_at) is None


def test_overstay_ends_for_who_waited_when_their_car_starts(session):
    theirs = SessionFactory(
        connector=ConnectorFactory(circuit=session.connector.circuit),
        plugged_at=STOP + HOUR,
        started_at=STOP + HOUR,
        state=SessionState.ACTIVE,
    )
    waiting(session, state=SlotState.FULFILLED, session=theirs, state_since=STOP + 2 * HOUR)
    assert charge_overstay(session, now=session.unplugged_at).parts[0]["others_waited_s"] == 1_800


def test_overstay_counts_for_whose_booked_place_it_holds(session):
    """A promise at the place of the finished car, from an hour after its end; its driver gives it up half an hour later."""
    promise = {"promised_wh": 5_000, "not_before": STOP + HOUR}
    given_up = {"state": SlotState.CANCELLED, "state_since": STOP + 1.5 * HOUR}
    waiting(session, connector=session.connector, **promise, **given_up)
    assert charge_overstay(session, now=session.unplugged_at).parts[0]["others_waited_s"] == 1_800


def test_overstay_is_free_for_promises_elsewhere_or_later(session):
    other = ConnectorFactory(circuit=session.connector.circuit)
    promise = {"promised_wh": 5_000, "state": SlotState.PROMISED}
    waiting(session, connector=other, not_before=STOP, **promise)
    waiting(session, not_before=STOP, **promise)
    waiting(session, connector=session.connector, not_before=session.unplugged_at, **promise)
    assert charge_overstay(session, now=session.unplugged_at) is None


def test_overstay_is_charged_when_the_car_leaves(session):
    waiting(session)
    with transaction.atomic():
        publish(SessionClosed(session_id=session.pk, cluster_id=session.connector.charge_point.cluster_id))
    assert BillLine.objects.get().kind == "overstay"


BOOKED = {"created_at": START - HOUR, "not_before": START, "received_wh": 9_000}


def booked(at, state=SlotState.FULFILLED, **changes):
    TariffFactory(
        community=at.community,
        valid_from=datetime(2026, 2, 1, tzinfo=UTC),
        reservation_fee_minor=150,
        no_show_fee_minor=500,
    )
    values = {"connector": at.connector, "session": at, "driver": at.driver} | BOOKED
    cluster = at.connector.charge_point.cluster
    return SlotRequestFactory(cluster=cluster, state=state, **(values | changes))


@pytest.mark.parametrize("state", [SlotState.FULFILLED, SlotState.LEFT])
def test_space_that_was_kept_and_used_costs_its_fee_once(session, state):
    slot = booked(session, state)
    line = charge_booking(slot, now=STOP)
    assert (line.kind, line.amount_minor, line.about_id, line.session) == (
        "reservation",
        150,
        slot.pk,
        None,
    )
    assert line.parts == [
        {
            "kind": "RESERVATION",
            "start": START.isoformat(),
            "end": STOP.isoformat(),
            "place": str(session.connector),
            "price": "1.5",
            "amount_minor": 150,
        }
    ]
    assert charge_booking(slot, now=STOP + HOUR) == line


@pytest.mark.parametrize("state", [SlotState.UNMET, SlotState.CANCELLED, SlotState.REFUSED])
def test_promise_that_was_not_kept_costs_nothing(session, state):
    assert charge_booking(booked(session, state), now=STOP) is None


@pytest.mark.parametrize("changes", [{"connector": None}, {"promised_wh": 0}, {"session": None}])
def test_space_that_was_not_kept_or_not_used_costs_nothing(session, changes):
    assert charge_booking(booked(session, **changes), now=STOP) is None


def test_car_that_charged_elsewhere_pays_for_no_space(session):
    other = ConnectorFactory(circuit=session.connector.circuit)
    assert charge_booking(booked(session, connector=other), now=STOP) is None


def test_charge_that_the_charger_broke_off_costs_no_reservation(session):
    session.stop_reason = "PowerLoss"
    session.save()
    assert charge_booking(booked(session, SlotState.LEFT), now=STOP) is None


def test_slot_given_back_while_charging_was_used(session):
    slot = booked(session, SlotState.CANCELLED, why_said=CANCELLED_BY_DRIVER)
    assert charge_booking(slot, now=STOP).kind == "reservation"
    changed = booked_again(session)
    assert charge_booking(changed, now=STOP) is None


def booked_again(session):
    """A slot that its driver changed while charging: another one took its place."""
    values = {"connector": session.connector, "session": session, "driver": session.driver} | BOOKED
    why = Said("slot.changed_by_driver")
    cluster = session.connector.charge_point.cluster
    return SlotRequestFactory(cluster=cluster, state=SlotState.CANCELLED, why_said=why, **values)
