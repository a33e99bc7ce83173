"""All apps' ledgers together, as the periodic work runs them."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from chargers.models import MeterMean, MeterValue, Session
from evbalancer.ops.retention import clear_old_rows, ledgers
from grid.models import AuditEntry, Community, RetentionMark
from pricing.domain.billing import bill_session
from pricing.models import BillingDetails
from tests.factories.chargers import SessionFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 9, 1, 18, 0, tzinfo=UTC)
NOW = START + timedelta(days=40)


@pytest.fixture
def session():
    session = SessionFactory(
        plugged_at=START, started_at=START, stopped_at=START + timedelta(hours=1), state=SessionState.ENDED
    )
    MeterValue.objects.create(
        community=session.community, connector=session.connector, session=session, measured_at=START,
        received_at=START, energy_wh=1_000,
    )  # fmt: skip
    return session


def test_values_stay_until_the_session_has_its_bill(session):
    assert clear_old_rows(now=NOW) == 0
    bill_session(session, now=NOW)
    assert clear_old_rows(now=NOW + timedelta(hours=1)) == 1
    assert MeterMean.objects.get().last_wh == 1_000


def test_values_stay_while_no_statement_has_the_bill(session):
    BillingDetails.objects.create(community=session.community)
    bill_session(session, now=NOW)
    assert clear_old_rows(now=NOW) == 0
    assert RetentionMark.objects.get(ledger="meter values").kept == 1


def test_values_stay_as_long_as_their_community_wants(session):
    bill_session(session, now=NOW)
    Community.objects.update(meter_values_days=60)
    assert clear_old_rows(now=NOW) == 0
    assert clear_old_rows(now=NOW + timedelta(days=21)) == 1


def test_audit_trail_and_sessions_stay_for_ever(session):
    bill_session(session, now=NOW)
    AuditEntry.objects.create(
        community=session.community, at=START, actor_kind="system", action="x", target_kind="x"
    )
    clear_old_rows(now=NOW + timedelta(days=10_000))
    assert AuditEntry.objects.filter(action="x").exists()
    assert Session.objects.exists()


def test_each_ledger_has_a_name_of_its_own():
    names = [ledger.name for ledger in ledgers(now=NOW)]
    assert len(names) == len(set(names))
