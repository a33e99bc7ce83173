from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from scheduling.domain.booking import requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.enums import SlotState
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


def test_who_queues_is_answered_anew_when_a_car_has_left():
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
