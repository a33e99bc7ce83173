from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from chargers.models import ChargePoint, Connector, OrphanMessage
from evbalancer.ops.doctor import site
from evbalancer.ops.doctor.findings import Grade
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def connector():
    connector = ConnectorFactory(fallback_ma=6_000)
    ChargePoint.objects.update(connected_at=NOW, online_until=NOW + timedelta(minutes=1), ocpp_version="1.6")
    return connector


def said(look, now=NOW):
    return [finding.said for finding in look(now) if finding.grade is not Grade.FINE]


def test_clock_that_is_far_off_names_its_charge_point(connector):
    assert said(site.look_at_clocks) == []
    ChargePoint.objects.update(clock_skew_s=-3_600, name="A-01")
    assert said(site.look_at_clocks) == ["More than 5 minutes off: A-01."]
    ChargePoint.objects.update(online_until=NOW - timedelta(days=1))
    assert said(site.look_at_clocks) == []


def test_sessions_that_are_hardly_real_are_named(connector):
    session = SessionFactory(
        connector=connector, plugged_at=NOW - timedelta(days=13), started_at=NOW, state=SessionState.ACTIVE
    )
    assert said(site.look_at_sessions) == []
    assert said(site.look_at_sessions, NOW + timedelta(days=2)) == [
        f"Open, and hardly real: {session.connector}."
    ]
    Connector.objects.update(retired_at=NOW)
    assert len(said(site.look_at_sessions)) == 1
    OrphanMessage.objects.create(
        community=connector.community, charge_point=connector.charge_point, received_at=NOW, action="StopTransaction",
        why="x", payload={}, digest="x",
    )  # fmt: skip
    assert "1 messages of transactions match nothing that is known." in said(site.look_at_sessions)


def test_connector_without_its_fallback_is_named_once_it_was_mounted(connector):
    assert said(site.look_at_fallbacks) == []
    Connector.objects.update(fallback_ma=None)
    assert said(site.look_at_fallbacks) == [f"Unmanaged: {Connector.objects.get()}."]
    ChargePoint.objects.update(connected_at=None, online_until=None)
    assert said(site.look_at_fallbacks) == []


def test_certificates_that_end_soon_are_named(world):
    certificate = world["chargers.ChargePointCertificate"]
    assert said(site.look_at_certificates) == []
    type(certificate).objects.update(used_at=NOW, not_after_at=NOW + timedelta(days=3))
    assert said(site.look_at_certificates) == [f"They end within 30 days: {certificate.charge_point}."]
