"""A card that was refused is given the fallback alone, and its transaction is ended if it goes on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.limits import limits as charger_limits
from chargers.domain.stations import onboarding
from chargers.enums import CommandKind, ConnectorStatus, OcppVersion, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from chargers.ocpp.v201.variables import KEYS
from drivers.enums import AuthorizationStatus
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.telling import wording
from scheduling.models import Allotment
from tests.e2e import site

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E17")]
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
REFUSALS = [status for status in AuthorizationStatus if status != AuthorizationStatus.ACCEPTED]


def charging(verdict: str, version: str = OcppVersion.V16) -> Session:
    site.build()
    make = Make.objects.create(vendor="Good", model="One", honours_relative=True, honours_duration=True)
    ChargePoint.objects.update(
        online_until=NOW + timedelta(days=1), make=make, connection_id=uuid4(), ocpp_version=version
    )
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW)
    connector = Connector.objects.get(charge_point__identity="B4")
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=NOW,
        plugged_at=NOW,
        started_at=NOW,
        transaction_id=1,
        transaction_uid="uid",
        verdict=verdict,
    )
    charger_limits.transaction_started(session, now=NOW)
    return session


def balance(session: Session, *, after_s: float) -> None:
    share_power(session.connector.charge_point.cluster_id, now=NOW + timedelta(seconds=after_s))


def asked(session: Session, kind: CommandKind) -> int:
    return ChargerCommand.objects.filter(session=session, kind=kind).count()


@pytest.mark.parametrize("version", OcppVersion)
@pytest.mark.parametrize("verdict", REFUSALS)
def test_refused_card_gets_no_limit_of_its_own_and_is_stopped_when_it_goes_on(verdict, version):
    session = charging(verdict, version)
    stops = []
    for after_s in (1, 9, 12, 30, 80):
        balance(session, after_s=after_s)
        stops.append(asked(session, CommandKind.REMOTE_STOP))
    assert stops == [0, 0, 1, 1, 2]
    assert asked(session, CommandKind.SET_LIMIT) == 0
    order = ChargerCommand.objects.filter(session=session, kind=CommandKind.REMOTE_STOP).first()
    assert order.arguments == {"transaction_id": 1, "transaction_uid": "uid"}
    row = Allotment.objects.get(connector=session.connector)
    assert (row.reason, row.wanted_ma) == ("refused", 0)
    assert "card was not accepted" in wording.allotment_sentence(row, now=NOW)


@pytest.mark.parametrize("verdict", ["", AuthorizationStatus.ACCEPTED])
def test_accepted_card_and_one_that_was_not_shown_yet_are_served(verdict):
    session = charging(verdict)
    balance(session, after_s=30)
    assert asked(session, CommandKind.SET_LIMIT) == 1
    assert asked(session, CommandKind.REMOTE_STOP) == 0


def test_charge_points_are_told_to_end_such_transactions_themselves():
    assert ("StopTransactionOnInvalidId", "true") in onboarding.wanted_configuration()
    assert KEYS["StopTransactionOnInvalidId"] == "TxCtrlr.StopTxOnInvalidId"
