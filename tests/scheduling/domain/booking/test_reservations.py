"""The connector of a booked slot is kept by its charger, as far as that can."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.orders import delivery, remote
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.events import TransactionStarted
from chargers.models import ChargePoint, ChargerCommand, Connector
from drivers.models import IdTag
from evbalancer.common.events import publish
from grid.domain.audit import SYSTEM
from scheduling.domain.booking import no_shows, requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.booking.reservations import reserve_due
from scheduling.enums import SlotState
from scheduling.models import SlotRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def connector():
    connector = ConnectorFactory()
    connector.charge_point.online_until = NOW + 24 * HOUR
    connector.charge_point.save()
    return connector


@pytest.fixture
def driver(connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="CARD")
    return driver


def book(driver, connector, *, in_min):
    begins_at = NOW + in_min * MINUTE
    wish = SlotWish(5_000, not_before=begins_at, ready_by=begins_at + 4 * HOUR, connector=connector)
    return requests.request_slot(driver, connector.charge_point.cluster, wish, now=NOW)


def commands():
    return [
        (row.kind, row.state, row.arguments.get("id_tag"))
        for row in ChargerCommand.objects.order_by("queued_at", "kind")
    ]


def answer(state, error=""):
    command = ChargerCommand.objects.get(kind=CommandKind.RESERVE)
    ChargerCommand.objects.filter(pk=command.pk).update(state=CommandState.SENT)
    delivery.record_answer(command.pk, state=state, now=NOW, result={}, error=error)
    return command


def test_connector_is_reserved_shortly_before_the_slot_begins(driver, connector):
    slot = book(driver, connector, in_min=60)
    assert [reserve_due(now=NOW + minutes * MINUTE) for minutes in (44, 45, 46)] == [0, 1, 0]
    command = ChargerCommand.objects.get()
    slot.refresh_from_db()
    assert command.arguments == {
        "reservation_number": slot.reservation_number,
        "id_tag": "CARD",
        "expires_at": (NOW + 90 * MINUTE).isoformat(),
    }
    assert command.connector == connector


def test_slot_that_begins_now_is_reserved_at_once(driver, connector):
    assert book(driver, connector, in_min=5).reservation_number is not None
    assert commands() == [("reserve", "queued", "CARD")]


@pytest.mark.parametrize(
    "change", [{"status": ConnectorStatus.CHARGING}, {"status": ConnectorStatus.FAULTED}, {"online": False}]
)
def test_charger_that_can_not_now_is_asked_later(driver, connector, change):
    if "status" in change:
        book(driver, connector, in_min=60)
        Connector.objects.update(**change)
    else:
        ChargePoint.objects.update(online_until=NOW)
        book(driver, connector, in_min=60)
    assert reserve_due(now=NOW + 50 * MINUTE) == 0
    ChargePoint.objects.update(online_until=NOW + 24 * HOUR)
    Connector.objects.update(status=ConnectorStatus.AVAILABLE)
    assert reserve_due(now=NOW + 51 * MINUTE) == 1


def test_slot_for_any_connector_keeps_none(driver, connector):
    wish = SlotWish(5_000, not_before=NOW, ready_by=NOW + 4 * HOUR)
    requests.request_slot(driver, connector.charge_point.cluster, wish, now=NOW)
    assert (reserve_due(now=NOW), commands()) == (0, [])


@pytest.mark.parametrize("state", [CommandState.REJECTED, CommandState.ERROR, CommandState.UNKNOWN])
def test_slot_stands_whatever_the_charger_answers(driver, connector, state):
    slot = book(driver, connector, in_min=5)
    answer(state, error="InternalError: none")
    assert reserve_due(now=NOW + MINUTE) == 0
    slot.refresh_from_db()
    assert slot.state == SlotState.PROMISED


@pytest.mark.parametrize("error", ["NotImplemented: none", "NotSupported: none"])
def test_charger_without_the_feature_is_asked_once_until_it_boots_anew(driver, connector, error):
    slot = book(driver, connector, in_min=5)
    answer(CommandState.ERROR, error=error)
    requests.cancel_slot(slot, now=NOW + MINUTE)
    book(driver, connector, in_min=10)
    assert [kind for kind, _, _ in commands()] == ["reserve"]
    ChargePoint.objects.update(booted_at=NOW + MINUTE)
    assert reserve_due(now=NOW + 2 * MINUTE) == 1


@pytest.mark.parametrize(
    ("state", "cancelled"),
    [
        (CommandState.ACCEPTED, True),
        (CommandState.UNKNOWN, True),
        (CommandState.ERROR, True),
        (CommandState.REJECTED, False),
    ],
)
def test_cancelled_slot_releases_what_the_charger_may_hold(driver, connector, state, cancelled):
    slot = book(driver, connector, in_min=5)
    answer(state, error="InternalError: none")
    requests.cancel_slot(slot, now=NOW + MINUTE)
    released = ChargerCommand.objects.filter(kind=CommandKind.CANCEL_RESERVATION)
    assert [row.arguments for row in released] == (
        [{"reservation_number": slot.reservation_number}] if cancelled else []
    )


def test_reservation_that_was_not_sent_yet_is_taken_back(driver, connector):
    slot = book(driver, connector, in_min=5)
    requests.cancel_slot(slot, now=NOW + MINUTE)
    assert commands() == [("reserve", "superseded", "CARD")]


def test_changed_slot_moves_the_reservation(driver, connector):
    slot = book(driver, connector, in_min=5)
    answer(CommandState.ACCEPTED)
    wish = SlotWish(5_000, not_before=NOW + 10 * MINUTE, ready_by=NOW + 5 * HOUR, connector=connector)
    moved = requests.change_slot(slot, wish, now=NOW + MINUTE)
    assert sorted(kind for kind, _, _ in commands()) == ["cancel_reservation", "reserve", "reserve"]
    assert moved.reservation_number not in (None, slot.reservation_number)


def test_lapsed_slot_needs_no_message_for_a_reservation_that_ended_with_it(driver, connector):
    book(driver, connector, in_min=5)
    answer(CommandState.ACCEPTED)
    assert no_shows.lapse_no_shows(now=NOW + 36 * MINUTE) == 1
    assert [kind for kind, _, _ in commands()] == ["reserve"]


def begun(driver, connector, **event):
    session = SessionFactory(
        connector=connector,
        driver=driver,
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
    )
    publish(TransactionStarted(session_id=session.pk, cluster_id=connector.charge_point.cluster_id, **event))
    return session


def test_start_with_the_reservation_uses_its_slot(driver, connector):
    slot = book(driver, connector, in_min=5)
    answer(CommandState.ACCEPTED)
    session = SessionFactory(
        connector=connector, driver=driver, plugged_at=NOW, started_at=NOW, state=SessionState.ACTIVE
    )
    used = requests.consume_for(session, now=NOW, reservation_number=slot.reservation_number)
    assert (used, used.state, used.session) == (slot, SlotState.ACTIVE, session)
    assert [kind for kind, _, _ in commands()] == ["reserve"]


def test_start_without_the_reservation_uses_the_slot_and_releases_the_connector(driver, connector):
    book(driver, connector, in_min=5)
    answer(CommandState.ACCEPTED)
    session = SessionFactory(
        connector=connector, driver=driver, plugged_at=NOW, started_at=NOW, state=SessionState.ACTIVE
    )
    assert requests.consume_for(session, now=NOW).state == SlotState.ACTIVE
    assert [kind for kind, _, _ in commands()] == ["cancel_reservation", "reserve"]


def test_rejected_start_uses_no_slot(driver, connector):
    slot = book(driver, connector, in_min=5)
    begun(driver, connector, is_accepted=False, reservation_number=slot.reservation_number)
    slot.refresh_from_db()
    assert slot.state == SlotState.PROMISED


def test_remote_start_shows_the_card_that_the_connector_is_kept_for(driver, connector):
    def token_of(who):
        return remote.start_remotely(connector, who, actor=SYSTEM, now=NOW).arguments["id_tag"]

    assert token_of(driver) == IdTag.objects.get(kind="app").token
    book(driver, connector, in_min=5)
    answer(CommandState.ACCEPTED)
    assert token_of(driver) == "CARD"
    stranger = DriverFactory(community=connector.community)
    assert token_of(stranger) == IdTag.objects.get(driver=stranger).token


def test_card_used_last_is_the_one_that_is_shown(driver, connector):
    IdTagFactory(driver=driver, token="SECOND")
    SessionFactory(
        connector=connector,
        driver=driver,
        plugged_at=NOW - HOUR,
        id_tag="second",
        state=SessionState.ENDED,
    )
    book(driver, connector, in_min=5)
    assert commands() == [("reserve", "queued", "SECOND")]
    assert SlotRequest.objects.get().reservation_number is not None
