from datetime import timedelta

import pytest

from chargers.domain.sessions import status
from chargers.enums import ConnectorStatus
from chargers.models import ChargePoint, Connector


def test_status_is_stored_with_the_moment_it_began(say, connector, now):
    status.report_status(say.status(ConnectorStatus.FAULTED), now=now)
    status.report_status(say.status(ConnectorStatus.FAULTED), now=now + timedelta(minutes=1))
    connector.refresh_from_db()
    assert (connector.status, connector.status_at) == (ConnectorStatus.FAULTED, now)


def test_status_of_an_unknown_connector_changes_nothing(say, connector, now):
    before = Connector.objects.values().get()
    status.report_status(say.status(ConnectorStatus.FAULTED, number=7), now=now)
    assert Connector.objects.values().get() == before


def test_status_of_the_station_changes_no_connector(say, connector, now):
    status.report_status(say.status(ConnectorStatus.UNAVAILABLE, number=0), now=now)
    connector.refresh_from_db()
    assert connector.status == ConnectorStatus.AVAILABLE


@pytest.mark.promise("O18")
def test_live_status_shows_the_clock_and_a_queued_one_does_not(say, connector, now):
    ChargePoint.objects.update(connected_at=now)
    status.report_status(say.status(ConnectorStatus.AVAILABLE, charger_at=now - timedelta(hours=2)), now=now)
    assert ChargePoint.objects.get().clock_skew_s == 0
    later = now + timedelta(minutes=5)
    status.report_status(
        say.status(ConnectorStatus.AVAILABLE, later, charger_at=later - timedelta(hours=2)), now=later
    )
    assert ChargePoint.objects.get().clock_skew_s == -7_200


@pytest.mark.promise("O18")
def test_clock_that_runs_ahead_is_known_at_once(say, connector, now):
    ChargePoint.objects.update(connected_at=now)
    status.report_status(say.status(ConnectorStatus.AVAILABLE, charger_at=now + timedelta(days=1)), now=now)
    assert ChargePoint.objects.get().clock_skew_s == 86_400
