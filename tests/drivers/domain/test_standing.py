from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from drivers.domain.drivers import authorize_tag
from drivers.domain.standing import decide_appeal, give_strike, strikes_in_force
from drivers.models import Strike
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Community
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


SUSPENSION = timedelta(days=14)


@pytest.fixture
def driver():
    return DriverFactory()


def strike(driver, *, days=0):
    return give_strike(
        driver, kind="overstay", evidence={}, decision="stood", actor=SYSTEM, now=NOW + timedelta(days=days)
    )


def suspended_until(driver):
    driver.refresh_from_db()
    return driver.suspended_until


def lift(strike, *, days):
    now = NOW + timedelta(days=days)
    decide_appeal(strike, lift=True, decision="was ill", actor=SYSTEM, now=now)


def test_strikes_suspend_from_the_third(driver):
    strike(driver)
    strike(driver, days=1)
    assert suspended_until(driver) is None
    strike(driver, days=2)
    assert suspended_until(driver) == NOW + timedelta(days=2) + SUSPENSION
    assert AuditEntry.objects.filter(action="driver.suspended").count() == 1


def test_suspended_driver_is_blocked_at_the_charger_until_it_lapses(driver):
    tag = IdTagFactory(driver=driver)
    for _ in range(3):
        strike(driver)
    answers = [
        authorize_tag(driver.community_id, tag.token, now=now).status for now in (NOW, NOW + SUSPENSION)
    ]
    assert answers == ["Blocked", "Accepted"]


def test_strikes_that_lapsed_count_no_more(driver):
    first = strike(driver)
    strike(driver, days=1)
    assert strikes_in_force([driver.pk], now=NOW + timedelta(days=1)) == {driver.pk: 2}
    assert strikes_in_force([driver.pk], now=first.lapses_at) == {driver.pk: 1}
    strike(driver, days=91)
    assert suspended_until(driver) is None


def test_appeal_that_lifts_a_strike_ends_the_suspension_it_brought(driver):
    given = [strike(driver, days=day) for day in range(3)]
    lift(given[0], days=3)
    assert suspended_until(driver) is None
    assert AuditEntry.objects.filter(action="driver.restored").count() == 1


def test_appeal_leaves_a_suspension_that_a_manager_gave(driver):
    driver.suspended_until = NOW + timedelta(days=60)
    driver.save()
    given = [strike(driver) for _ in range(3)]
    lift(given[0], days=1)
    assert suspended_until(driver) == NOW + timedelta(days=60)
    assert Strike.objects.filter(lifted_at=None).count() == 2


def test_community_sets_how_long_strikes_count_and_suspend(driver):
    Community.objects.update(strike_days=10, suspended_from_strikes=1, suspension_days=5)
    driver.community.refresh_from_db()
    first = strike(driver)
    assert (first.lapses_at, suspended_until(driver)) == (NOW + timedelta(days=10), NOW + timedelta(days=5))
    Community.objects.update(suspended_from_strikes=2, suspension_days=30)
    driver.community.refresh_from_db()
    lift(first, days=1)
    assert suspended_until(driver) is None
    strike(driver, days=2)
    assert suspended_until(driver) is None


@pytest.mark.parametrize("name", ["strike_days", "suspended_from_strikes", "suspension_days"])
@pytest.mark.parametrize("value", [0, 10_000])
def test_strike_rules_are_bounded(driver, name, value):
    setattr(driver.community, name, value)
    with pytest.raises(ValidationError):
        driver.community.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        driver.community.save()
