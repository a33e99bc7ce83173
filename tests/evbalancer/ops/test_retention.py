"""All apps' ledgers together, as the periodic work runs them."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from chargers.models import MeterMean, MeterValue, Session
from drivers.models import Notification, WebhookDelivery
from evbalancer.ops.retention import clear_old_rows, ledgers
from fleet.models import VehicleReading
from grid.models import AuditEntry, Community, RetentionMark
from pricing.domain.billing import bill_session
from pricing.models import BillingDetails
from scheduling.models import Alarm, AlarmNotice
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


def test_old_news_and_reports_go_and_what_is_still_needed_stays(world):
    """A row of every kind, each too old: what waits for somebody, or is the newest of its kind, stays."""
    told, delivery = world["drivers.Notification"], world["drivers.WebhookDelivery"]
    report = world["fleet.VehicleReading"]
    later = datetime(2030, 1, 1, tzinfo=UTC)
    WebhookDelivery.objects.update(next_attempt_at=later)
    clear_old_rows(now=later)
    assert Notification.objects.filter(pk=told.pk).exists()
    assert WebhookDelivery.objects.filter(pk=delivery.pk).exists()
    assert VehicleReading.objects.filter(pk=report.pk).exists()
    WebhookDelivery.objects.update(next_attempt_at=None)
    VehicleReading.objects.create(
        community=report.community, vehicle=report.vehicle, measured_at=later, received_at=later, source="smartcar",
        charge_pct=50,
    )  # fmt: skip
    clear_old_rows(now=later + timedelta(hours=1))
    clear_old_rows(now=later + timedelta(hours=2))
    assert not WebhookDelivery.objects.exists()
    assert not Notification.objects.filter(pk=told.pk).exists()
    assert not VehicleReading.objects.filter(pk=report.pk).exists()
    assert Alarm.objects.exists()


def test_notices_of_alarms_that_are_over_go(world):
    notice = world["scheduling.AlarmNotice"]
    later = datetime(2030, 1, 1, tzinfo=UTC)
    AlarmNotice.objects.update(due_at=None)
    Alarm.objects.filter(pk=notice.alarm_id).update(ended_at=None)
    clear_old_rows(now=later)
    assert AlarmNotice.objects.filter(pk=notice.pk).exists()
    Alarm.objects.filter(pk=notice.alarm_id).update(ended_at=later - timedelta(days=91))
    clear_old_rows(now=later + timedelta(hours=1))
    assert not AlarmNotice.objects.filter(pk=notice.pk).exists()
