"""Priority that a station begins by its own profile ends at once, and only for a transaction that runs there."""

import pytest

from chargers.domain.sessions import priorities
from chargers.enums import OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Session
from chargers.reports.news import PriorityReport
from tests.factories.chargers import SessionFactory


@pytest.fixture
def take(source, connector, now):
    ChargePoint.objects.update(ocpp_version=OcppVersion.V21)
    SessionFactory(
        connector=connector,
        transaction_uid="tx-1",
        state=SessionState.ACTIVE,
        plugged_at=now,
        started_at=now,
    )

    def take(uid, *, is_active=True):
        report = PriorityReport(source=source, received_at=now, transaction_uid=uid, is_active=is_active)
        priorities.take_priority(report, now=now)

    return take


def test_priority_of_a_running_transaction_is_stopped(take):
    take("tx-1")
    command = ChargerCommand.objects.get(kind="call")
    assert command.arguments["action"] == "UsePriorityCharging"
    assert command.arguments["payload"] == {"transactionId": "tx-1", "activate": False}
    assert command.session == Session.objects.get()


def test_end_of_priority_and_one_of_no_running_transaction_ask_nothing(take):
    take("tx-1", is_active=False)
    take("tx-2")
    Session.objects.update(state=SessionState.FINISHED)
    take("tx-1")
    assert not ChargerCommand.objects.exists()
