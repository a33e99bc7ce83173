"""What a driver's act does while it has the cluster's lock does not grow with how many others wait."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.domain import requests
from scheduling.domain.promises import SlotWish
from scheduling.enums import SlotState
from scheduling.errors import TooManySlots
from scheduling.models import SlotRequest
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory
from tests.factories.grid import CircuitFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R11")]
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MORNING = NOW + timedelta(hours=12)
MOST_STATEMENTS = 80


@pytest.fixture
def root():
    root = CircuitFactory(limit_l1_ma=16_000, limit_l2_ma=16_000, limit_l3_ma=16_000)
    ConnectorFactory.create_batch(2, circuit=root)
    return root


def waiting(root, count):
    """As many wishes as there may be, of drivers who each have as many as one may."""
    rows, driver = [], None
    for n in range(count):
        if n % requests.MOST_OPEN == 0:
            driver = DriverFactory(community=root.community)
        rows.append(
            SlotRequest(
                community=root.community,
                cluster=root.cluster,
                driver=driver,
                energy_wh=10_000,
                promised_wh=0,
                not_before=NOW,
                ready_by=MORNING,
                flexible=True,
                state=SlotState.QUEUED,
                state_since=NOW - timedelta(hours=1),
                created_at=NOW - timedelta(hours=1) + timedelta(seconds=n),
            )
        )
    return SlotRequest.objects.bulk_create(rows)


def longest_transaction(work) -> int:
    with CaptureQueriesContext(connection) as asked:
        work()
    longest = now = 0
    for query in asked.captured_queries:
        now = 0 if query["sql"].startswith("BEGIN") else now + 1
        longest = max(longest, now)
    return longest


def ask(root):
    wish = SlotWish(energy_wh=10_000, not_before=NOW, ready_by=MORNING)
    return requests.request_slot(DriverFactory(community=root.community), root.cluster, wish, now=NOW)


ACTS = {
    "request": lambda root, _: ask(root),
    "cancel": lambda _, slot: requests.cancel(slot, now=NOW),
    "change": lambda _, slot: requests.change(
        slot, SlotWish(energy_wh=5_000, not_before=NOW, ready_by=MORNING), now=NOW
    ),
    "improve": lambda root, _: requests.improve(root.cluster, now=NOW),
}


@pytest.mark.parametrize("act", ACTS)
def test_statements_under_the_lock_are_bounded(root, act):
    slots = waiting(root, 60)
    assert longest_transaction(lambda: ACTS[act](root, slots[-1])) <= MOST_STATEMENTS


def test_room_that_is_given_back_reaches_those_who_wait_behind_the_first_within_a_minute(root):
    slots = waiting(root, 12)
    requests.cancel(slots[-1], now=NOW)
    improved = SlotRequest.objects.exclude(state=SlotState.QUEUED).exclude(pk=slots[-1].pk)
    at_once = improved.count()
    assert at_once <= requests.IMPROVED_AT_ONCE
    requests.improve_after_departures(now=NOW + timedelta(minutes=1))
    assert improved.count() >= at_once


def test_driver_has_so_many_open_wishes_and_no_more(root):
    slots = waiting(root, requests.MOST_OPEN)
    driver = slots[0].driver
    wish = SlotWish(energy_wh=1_000, not_before=NOW, ready_by=MORNING)
    with pytest.raises(TooManySlots):
        requests.request_slot(driver, root.cluster, wish, now=NOW)
    assert SlotRequest.objects.count() == requests.MOST_OPEN
    requests.change(slots[0], wish, now=NOW)
    assert ask(root).driver != driver
