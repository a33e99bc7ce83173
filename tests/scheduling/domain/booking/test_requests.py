from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from chargers.enums import ConnectorStatus, SessionState
from drivers.errors import Suspended
from evbalancer.common.errors import InvalidInput, NotFound, StateMoved
from evbalancer.common.words.said import Said
from pricing.domain.curves import publish_prices
from scheduling.domain.booking import positions, requests, settlement
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from scheduling.errors import IllegalMove, SlotRefused, SlotTaken, VehicleBooked
from scheduling.models import SlotRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.factories.grid import CircuitFactory
from tests.factories.pricing import DynamicPriceFactory, unknown_headroom

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MORNING = NOW + timedelta(hours=12)


@pytest.fixture
def root():
    """16 A a phase: 11.04 kW, 132.48 kWh in twelve hours."""
    return CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)


def driver_of(root):
    return DriverFactory(community=root.community)


def wish(energy_wh=10_000, **changes):
    return SlotWish(**({"energy_wh": energy_wh, "not_before": NOW, "ready_by": MORNING} | changes))


def ask(root, driver=None, **changes):
    return requests.request_slot(driver or driver_of(root), root.cluster, wish(**changes), now=NOW)


def test_slot_that_fits_is_promised_whole(root):
    connector = ConnectorFactory(circuit=root)
    slot = ask(root)
    assert (slot.state, slot.promised_wh, slot.planned_connector) == (SlotState.PROMISED, 10_000, connector)
    assert slot.connector is None


def test_slots_share_the_circuit_and_the_last_gets_a_part(root):
    ConnectorFactory.create_batch(3, circuit=root)
    answers = [ask(root, energy_wh=52_000) for _ in range(3)]
    assert [slot.state for slot in answers] == [
        SlotState.PROMISED,
        SlotState.PROMISED,
        SlotState.PARTLY_PROMISED,
    ]
    # Beside others nine tenths are counted on: 2,484 Wh a quarter hour. The first two take 21 each of the 48, since a car
    # takes 6 A or nothing, and a torn quarter hour stays empty.
    assert answers[2].promised_wh == 6 * 2_484
    assert answers[2].why_said == Said(
        "slot.fits_in_part",
        {"promised_wh": answers[2].promised_wh, "energy_wh": answers[2].energy_wh},
    )


def test_slot_with_an_early_departure_goes_before_a_late_one_without_harming_it(root):
    ConnectorFactory.create_batch(2, circuit=root)
    ask(root, energy_wh=60_000)
    early = ask(root, energy_wh=30_000, ready_by=NOW + timedelta(hours=4))
    assert (early.state, early.promised_wh) == (SlotState.PROMISED, 30_000)


def test_slot_without_room_queues_with_a_position(root):
    ConnectorFactory(circuit=root)
    ask(root, energy_wh=10_000)
    second, third = ask(root), ask(root)
    assert (second.state, second.promised_wh, third.state) == (SlotState.QUEUED, 0, SlotState.QUEUED)
    assert positions.queue_position(second) == 1


def test_slot_in_a_fixed_window_without_room_is_refused_with_an_offer(root):
    ConnectorFactory.create_batch(2, circuit=root)
    ask(root, energy_wh=100_000)
    with pytest.raises(SlotRefused) as refusal:
        ask(root, energy_wh=60_000, flexible=False)
    assert refusal.value.detail.startswith(
        "19.2 kWh of 60 kWh fit into this window beside what was promised before"
    )
    offer = refusal.value.facts["offer"]
    assert offer["energy_wh"] == 19_232  # nine tenths of 132,480 less 100,000
    assert datetime.fromisoformat(offer["ready_by"]) > MORNING
    assert SlotRequest.objects.count() == 1


def test_slot_on_a_booked_connector_is_refused_with_another(root):
    first, second = ConnectorFactory.create_batch(2, circuit=root)
    ask(root, connector=first)
    with pytest.raises(SlotTaken) as refusal:
        ask(root, connector=first)
    assert refusal.value.facts["offer"]["connector_id"] == str(second.pk)


def test_slot_after_another_on_the_same_connector_is_promised(root):
    connector = ConnectorFactory(circuit=root)
    ask(root, connector=connector, ready_by=NOW + timedelta(hours=4))
    later = ask(root, connector=connector, not_before=NOW + timedelta(hours=4))
    assert later.state == SlotState.PROMISED


def test_slot_avoids_a_connector_out_of_order(root):
    ConnectorFactory(circuit=root, status=ConnectorStatus.FAULTED)
    working = ConnectorFactory(circuit=root)
    assert ask(root).planned_connector == working


def test_slot_on_three_phases_leaves_a_single_phase_car_the_others_nothing():
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=6_000)
    ConnectorFactory(circuit=root)
    single = ConnectorFactory(circuit=root, phase_rotation="R")
    slot = ask(root, energy_wh=36_000)
    assert slot.planned_connector != single
    assert ask(root, energy_wh=27_000).promised_wh == 27_000


def test_slot_counts_an_unknown_rotation_on_all_phases_but_power_on_one():
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    ConnectorFactory(circuit=root, phase_rotation="")
    with pytest.raises(InvalidInput, match=r"44\.2 kWh"):
        ask(root, energy_wh=44_161)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"energy_wh": 0}, "energy_wh", "energy_not_positive"),
        ({"energy_wh": -5}, "energy_wh", "energy_not_positive"),
        ({"ready_by": NOW}, "ready_by", "departure_in_past"),
        ({"ready_by": NOW + timedelta(days=15)}, "ready_by", "departure_too_far"),
        ({"not_before": MORNING}, "not_before", "window_empty"),
        ({"energy_wh": 132_481}, "energy_wh", "more_than_time_holds"),
    ],
)
def test_slot_that_can_not_be_is_refused(root, changes, field, code):
    ConnectorFactory(circuit=root)
    with pytest.raises(InvalidInput) as refusal:
        ask(root, **changes)
    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert not SlotRequest.objects.exists()


def test_slot_for_more_than_the_battery_is_refused(root):
    ConnectorFactory(circuit=root)
    vehicle = VehicleFactory(driver=driver_of(root), battery_wh=40_000)
    with pytest.raises(InvalidInput) as refusal:
        ask(root, vehicle.driver, vehicle=vehicle, energy_wh=44_445)
    assert refusal.value.code == "more_than_battery_holds"


def test_slot_for_a_foreign_vehicle_does_not_exist(root):
    with pytest.raises(NotFound):
        ask(root, vehicle=VehicleFactory())


def test_slot_on_a_connector_of_another_cluster_does_not_exist(root):
    with pytest.raises(NotFound):
        ask(root, connector=ConnectorFactory())


def test_slot_of_a_suspended_driver_is_refused(root):
    driver = driver_of(root)
    driver.suspended_until = MORNING
    with pytest.raises(Suspended) as refused:
        ask(root, driver)
    assert refused.value.detail == "You are suspended until 3 Nov 2026, 07:00."
    with override("de"):
        assert refused.value.detail == "Sie sind bis 03.11.2026 07:00 gesperrt."


def test_slot_for_a_car_that_has_one_is_refused(root):
    ConnectorFactory.create_batch(2, circuit=root)
    vehicle = VehicleFactory(driver=driver_of(root))
    ask(root, vehicle.driver, vehicle=vehicle)
    with pytest.raises(VehicleBooked):
        ask(root, vehicle.driver, vehicle=vehicle)


def test_slot_for_a_car_that_charges_already_is_consumed_at_once(root):
    vehicle = VehicleFactory(driver=driver_of(root))
    connector = ConnectorFactory(circuit=root)
    session = SessionFactory(
        connector=connector,
        driver=vehicle.driver,
        vehicle=vehicle,
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
    )
    slot = ask(root, vehicle.driver, vehicle=vehicle)
    assert (slot.state, slot.session, slot.planned_connector) == (SlotState.ACTIVE, session, connector)


def test_cancelled_slot_gives_its_room_to_the_queue(root):
    ConnectorFactory(circuit=root)
    first = ask(root)
    queued = ask(root)
    requests.cancel_slot(first, now=NOW)
    queued.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, queued.state, queued.promised_wh) == (
        SlotState.CANCELLED,
        SlotState.PROMISED,
        10_000,
    )


def test_slot_cancelled_twice_is_refused(root):
    ConnectorFactory(circuit=root)
    slot = ask(root)
    stale = SlotRequest.objects.get(pk=slot.pk)
    requests.cancel_slot(slot, now=NOW)
    with pytest.raises(IllegalMove):
        requests.cancel_slot(slot, now=NOW)
    with pytest.raises(StateMoved):
        requests.cancel_slot(stale, now=NOW)


def test_changed_slot_keeps_the_old_promise_when_the_new_one_is_refused(root):
    ConnectorFactory(circuit=root)
    slot = ask(root)
    with pytest.raises(InvalidInput):
        requests.change_slot(slot, wish(energy_wh=500_000), now=NOW)
    slot.refresh_from_db()
    assert slot.state == SlotState.PROMISED


def test_changed_slot_may_use_its_own_room(root):
    ConnectorFactory(circuit=root)
    slot = ask(root, energy_wh=100_000)
    changed = requests.change_slot(slot, wish(energy_wh=120_000), now=NOW)
    assert (changed.state, changed.promised_wh) == (SlotState.PROMISED, 120_000)


def test_started_session_consumes_the_slot_and_its_end_fulfils_it(root):
    connector = ConnectorFactory(circuit=root)
    driver = driver_of(root)
    slot = ask(root, driver)
    session = SessionFactory(connector=connector, driver=driver, plugged_at=NOW)
    assert requests.consume_for(session, now=NOW + timedelta(minutes=5)) == slot
    session.energy_wh = slot.energy_wh
    session.save()
    settlement.settle_kept(session, now=NOW + timedelta(hours=5))
    slot.refresh_from_db()
    assert (slot.state, slot.session) == (SlotState.FULFILLED, session)


def test_started_session_of_another_driver_leaves_the_slot(root):
    connector = ConnectorFactory(circuit=root)
    ask(root)
    assert (
        requests.consume_for(
            SessionFactory(connector=connector, driver=driver_of(root), plugged_at=NOW), now=NOW
        )
        is None
    )


def test_slot_of_a_car_that_charges_is_changed_and_goes_on_with_it(root):
    vehicle = VehicleFactory(driver=driver_of(root))
    session = SessionFactory(
        connector=ConnectorFactory(circuit=root),
        driver=vehicle.driver,
        vehicle=vehicle,
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
    )
    first = ask(root, vehicle.driver, vehicle=vehicle)
    changed = requests.change_slot(first, wish(energy_wh=20_000, vehicle=vehicle), now=NOW)
    first.refresh_from_db()
    assert (first.state, changed.state, changed.session) == (SlotState.CANCELLED, SlotState.ACTIVE, session)


def test_slot_that_is_over_can_not_be_changed(root):
    ConnectorFactory(circuit=root)
    slot = requests.cancel_slot(ask(root), now=NOW)
    with pytest.raises(IllegalMove):
        requests.change_slot(slot, wish(), now=NOW)


def test_preview_of_a_slot_says_what_a_request_would_get_and_stores_nothing(root):
    connector = ConnectorFactory(circuit=root)
    answer = requests.preview_slot(driver_of(root), root.cluster, wish(), now=NOW).answer
    assert (answer.state, answer.promised_wh, answer.planned) == (SlotState.PROMISED, 10_000, connector)
    assert not SlotRequest.objects.exists()


def test_queue_is_answered_again_when_a_car_has_left():
    connector = ConnectorFactory()
    standing = SessionFactory(
        connector=connector,
        driver=DriverFactory(community=connector.community),
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
    )
    wish = SlotWish(5_000, not_before=NOW, ready_by=NOW + timedelta(hours=1))
    waiting = requests.request_slot(
        DriverFactory(community=connector.community), connector.charge_point.cluster, wish, now=NOW
    )
    assert waiting.state == SlotState.QUEUED
    later = NOW + timedelta(minutes=5)
    assert requests.improve_after_departures(now=later) == 0
    standing.state, standing.unplugged_at = SessionState.ENDED, later
    standing.save()
    assert requests.improve_after_departures(now=later + timedelta(minutes=1)) == 1
    waiting.refresh_from_db()
    assert waiting.state == SlotState.PROMISED
    assert requests.improve_after_departures(now=later + timedelta(minutes=1)) == 0


def test_slot_keeps_the_publication_of_the_prices_that_it_was_booked_by(root):
    ConnectorFactory(circuit=root)
    policy = DynamicPriceFactory(cluster=root.cluster)
    assert ask(root).price_publication is None
    seen = publish_prices(policy, headroom=unknown_headroom, now=NOW)
    slot = ask(root)
    policy.grid_fee_per_mwh_minor += 1_000
    publish_prices(policy, headroom=unknown_headroom, now=NOW + timedelta(minutes=1))
    slot.refresh_from_db()
    assert slot.price_publication == seen
