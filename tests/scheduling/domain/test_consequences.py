from datetime import UTC, datetime, timedelta

import pytest

from chargers.enums import SessionState
from drivers.domain.standing import give_strike
from drivers.errors import Suspended
from grid.domain.audit import SYSTEM
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.booking.requests import request_slot
from scheduling.domain.conduct.emergencies import request_emergency
from scheduling.domain.learning.fairness import ledger_weights
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=8)


@pytest.fixture
def cluster():
    return ConnectorFactory().charge_point.cluster


@pytest.fixture
def driver(cluster):
    return DriverFactory(community=cluster.community)


def strike(driver, count):
    for _ in range(count):
        give_strike(driver, kind="overstay", evidence={}, decision="stood", actor=SYSTEM, now=NOW)
    driver.refresh_from_db()


@pytest.mark.parametrize(("count", "weight"), [(0, 1.0), (1, 0.75), (2, 0.5), (5, 0.5)])
def test_strikes_lower_the_weight_until_they_lapse(cluster, driver, count, weight):
    strike(driver, count)
    assert ledger_weights(cluster, [driver.pk], now=NOW)[driver.pk] == weight
    assert ledger_weights(cluster, [driver.pk], now=NOW + timedelta(days=90))[driver.pk] == 1.0


@pytest.mark.parametrize(("count", "state"), [(0, "accepted"), (1, "pending"), (2, "refused")])
def test_strikes_take_the_priority_of_emergencies(driver, count, state):
    strike(driver, count)
    connector = ConnectorFactory(charge_point__community=driver.community)
    SessionFactory(
        connector=connector,
        community=driver.community,
        driver=driver,
        plugged_at=NOW,
        started_at=NOW,
        state=SessionState.ACTIVE,
    )
    claim = request_emergency(driver, reason="hospital", energy_wh=5_000, needed_by=LATER, now=NOW)
    assert claim.state == state


def test_suspended_driver_is_refused_slots_and_emergencies(cluster, driver):
    strike(driver, 3)
    with pytest.raises(Suspended):
        request_slot(driver, cluster, SlotWish(energy_wh=5_000, not_before=NOW, ready_by=LATER), now=NOW)
    with pytest.raises(Suspended):
        request_emergency(driver, reason="hospital", energy_wh=5_000, needed_by=LATER, now=NOW)
