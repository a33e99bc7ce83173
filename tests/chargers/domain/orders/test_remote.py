"""Starting and stopping from afar: every refusal, the card that is shown, and the audit."""

from datetime import timedelta

import pytest

from chargers.domain.orders import remote
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand
from drivers.domain.drivers import app_token
from drivers.enums import Role
from drivers.errors import NotADriver, Suspended
from drivers.models import Membership
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory


@pytest.fixture
def connector(connector, now):
    ChargePoint.objects.update(online_until=now + timedelta(hours=2))
    connector.charge_point.refresh_from_db()
    return connector


@pytest.fixture
def driver(connector):
    return DriverFactory(community=connector.community)


@pytest.fixture
def start(connector, driver, now):
    def start(at=now):
        return remote.start_remotely(connector, driver, actor=SYSTEM, now=at)

    return start


@pytest.fixture
def session(connector, driver, now):
    return SessionFactory(
        connector=connector, driver=driver, state=SessionState.ACTIVE, plugged_at=now, started_at=now,
        transaction_id=7, transaction_uid="",
    )  # fmt: skip


def keep_for(connector, token, now, **changes):
    values = {
        "kind": CommandKind.RESERVE, "state": CommandState.ACCEPTED, "queued_at": now - timedelta(minutes=1),
        "expires_at": now + timedelta(minutes=5), "arguments": {"id_tag": token}, "idempotency_key": token,
    }  # fmt: skip
    ChargerCommand.objects.create(
        charge_point=connector.charge_point, connector=connector, community=connector.community,
        **(values | changes),
    )  # fmt: skip


def test_start_shows_the_apps_own_card_and_is_in_the_audit(start, connector, driver):
    command = start()
    assert (command.kind, command.connector, command.arguments) == (
        CommandKind.REMOTE_START, connector, {"id_tag": app_token(driver)},
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="charger.remote_start")
    assert (entry.target_id, entry.after) == (str(connector.pk), {"driver_id": str(driver.pk)})


def test_start_shows_the_card_for_which_the_charger_keeps_the_connector(start, connector, driver, now):
    keep_for(connector, IdTagFactory(driver=driver, token="MINE").token, now)
    assert start().arguments == {"id_tag": "MINE"}


@pytest.mark.parametrize("why", ["somebody else's", "blocked", "the time is over", "the charger refused it"])
def test_card_that_would_not_be_taken_is_not_shown(start, connector, driver, now, why):
    card = IdTagFactory(
        driver=DriverFactory(community=driver.community) if why == "somebody else's" else driver,
        blocked_at=now if why == "blocked" else None,
    )
    keep_for(
        connector,
        card.token,
        now,
        expires_at=now if why == "the time is over" else now + timedelta(minutes=5),
        state=CommandState.REJECTED if why == "the charger refused it" else CommandState.ACCEPTED,
    )
    assert start().arguments == {"id_tag": app_token(driver)}


def test_start_is_refused_to_whoever_left_and_whoever_is_suspended(start, driver, now):
    driver.suspended_until = now + timedelta(hours=1)
    with pytest.raises(Suspended, match="14:00"):
        start()
    start(now + timedelta(hours=1))
    Membership.objects.filter(user=driver.user, role=Role.DRIVER).delete()
    with pytest.raises(NotADriver):
        start()
    assert ChargerCommand.objects.count() == 1


def test_start_needs_a_charger_that_is_there_and_a_connector_that_is_free(start, connector, session, now):
    with pytest.raises(remote.ConnectorBusy, match="charging"):
        start()
    session.state = SessionState.PLUGGED_IN
    session.save()
    for status in (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE):
        connector.status = status
        with pytest.raises(remote.ConnectorBusy, match="out of order"):
            start()
    with pytest.raises(remote.ChargerOffline):
        start(now + timedelta(hours=2))
    connector.status = ConnectorStatus.PREPARING
    assert start().state == CommandState.QUEUED


def test_stop_names_the_transaction_in_both_ways_and_is_in_the_audit(session, now):
    command = remote.stop_remotely(session, actor=SYSTEM, now=now)
    assert (command.kind, command.session, command.arguments) == (
        CommandKind.REMOTE_STOP, session, {"transaction_id": 7, "transaction_uid": ""},
    )  # fmt: skip
    entry = AuditEntry.objects.get(action="charger.remote_stop")
    assert entry.before == {"session_id": str(session.pk)}


def test_stop_needs_a_running_transaction_and_a_charger_that_is_there(session, now):
    with pytest.raises(remote.ChargerOffline):
        remote.stop_remotely(session, actor=SYSTEM, now=now + timedelta(hours=2))
    session.state = SessionState.FINISHED
    with pytest.raises(remote.NothingToStop):
        remote.stop_remotely(session, actor=SYSTEM, now=now)
    assert not AuditEntry.objects.exists()
