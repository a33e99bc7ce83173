from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import CommandKind, SessionState
from chargers.models import ChargerCommand
from evbalancer.common.errors import InvalidInput
from scheduling.domain.booking import requests
from scheduling.domain.booking.departures import SNOOZE, leave_early, snooze_slot
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from scheduling.errors import IllegalMove
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connector():
    return ConnectorFactory(charge_point__online_until=NOW + 24 * HOUR)


def ask(connector, **changes):
    wish = SlotWish(**({"energy_wh": 10_000, "not_before": NOW, "ready_by": NOW + 8 * HOUR} | changes))
    driver = DriverFactory(community=connector.community)
    return requests.request_slot(driver, connector.charge_point.cluster, wish, now=NOW)


def charge(slot, connector, **fields):
    slot.session = SessionFactory(
        connector=connector,
        driver=slot.driver,
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
        transaction_id=7,
        energy_wh=4_000,
        **fields,
    )
    return requests.move_slot(slot, to=SlotState.ACTIVE, now=NOW, session=slot.session)


def leave(slot, now=NOW + HOUR):
    return leave_early(slot, by=slot.driver.user, now=now)


def test_waiting_slot_that_is_left_is_cancelled_and_its_room_goes_to_the_next(connector):
    first, second = ask(connector), ask(connector)
    assert (first.state, second.state) == (SlotState.PROMISED, SlotState.QUEUED)
    left = leave(first)
    assert (left.state, left.why_said.code) == (SlotState.CANCELLED, "slot.driver_left")
    second.refresh_from_db()
    assert second.state == SlotState.PROMISED


@pytest.mark.parametrize("is_online", [True, False])
def test_charging_slot_is_settled_and_a_charger_that_hears_is_stopped(connector, is_online):
    slot = charge(ask(connector), connector)
    if not is_online:
        connector.charge_point.online_until = None
        connector.charge_point.save()
    left = leave(slot)
    assert (left.state, left.received_wh) == (SlotState.LEFT, 4_000)
    stops = ChargerCommand.objects.filter(kind=CommandKind.REMOTE_STOP)
    assert stops.count() == is_online


def test_transaction_that_is_over_is_not_stopped_again(connector):
    slot = charge(ask(connector), connector)
    slot.session.state, slot.session.stopped_at = SessionState.FINISHED, NOW + HOUR
    slot.session.save()
    leave(slot)
    assert not ChargerCommand.objects.filter(kind=CommandKind.REMOTE_STOP).exists()


def test_slot_is_left_once(connector):
    slot = ask(connector)
    leave(slot)
    with pytest.raises(IllegalMove):
        leave(slot)


def test_snoozed_slot_begins_so_much_later_and_ends_as_before(connector):
    slot = snooze_slot(ask(connector, not_before=NOW + HOUR), minutes=30, now=NOW)
    assert (slot.not_before, slot.ready_by) == (NOW + HOUR + HOUR / 2, NOW + 8 * HOUR)
    assert (slot.energy_wh, slot.state) == (10_000, SlotState.PROMISED)


def test_slot_that_has_begun_is_snoozed_from_now_on(connector):
    slot = snooze_slot(ask(connector), minutes=30, now=NOW + HOUR)
    assert slot.not_before == NOW + HOUR + HOUR / 2


@pytest.mark.parametrize("minutes", [0, -1, SNOOZE.most + 1])
def test_snooze_of_nothing_or_more_than_half_a_day_is_refused(connector, minutes):
    slot = ask(connector)
    with pytest.raises(InvalidInput) as refused:
        snooze_slot(slot, minutes=minutes, now=NOW)
    slot.refresh_from_db()
    assert (refused.value.field, slot.not_before) == ("minutes", NOW)
