"""What a driver's act does while it has the cluster's lock does not grow with how many others wait."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chargers.domain.limits import limits as charger_limits
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import ChargePoint, Connector, Session
from evbalancer.dashboard.live import cut
from grid.domain.audit import SYSTEM
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.booking import requests
from scheduling.domain.booking.promises import SlotWish
from scheduling.domain.conduct import emergencies
from scheduling.enums import SlotState
from scheduling.errors import TooManySlots
from scheduling.models import SlotRequest
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
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
            VehicleFactory.create_batch(requests.MOST_OPEN, driver=driver)
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
    "cancel": lambda _, slot: requests.cancel_slot(slot, now=NOW),
    "change": lambda _, slot: requests.change_slot(
        slot, SlotWish(energy_wh=5_000, not_before=NOW, ready_by=MORNING), now=NOW
    ),
    "improve": lambda root, _: requests.improve_promises(root.cluster, now=NOW),
}


@pytest.mark.parametrize("act", ACTS)
def test_statements_under_the_lock_are_bounded(root, act):
    slots = waiting(root, 60)
    assert longest_transaction(lambda: ACTS[act](root, slots[-1])) <= MOST_STATEMENTS


def test_room_that_is_given_back_reaches_those_who_wait_behind_the_first_within_a_minute(root):
    slots = waiting(root, 12)
    requests.cancel_slot(slots[-1], now=NOW)
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
    requests.change_slot(slots[0], wish, now=NOW)
    assert ask(root).driver != driver


@pytest.fixture
def house(root):
    """As many cars that charge, each of a driver of its own; and as many wishes that wait."""

    def house(count):
        connectors = ConnectorFactory.create_batch(count, circuit=root, max_current_ma=16_000)
        drivers = [DriverFactory(community=root.community) for _ in connectors]
        for connector, driver in zip(connectors, drivers, strict=True):
            station = connector.charge_point
            ChargePoint.objects.filter(pk=station.pk).update(
                cluster=root.cluster,
                online_until=NOW + timedelta(hours=1),
                connection_id=uuid4(),
                booted_at=NOW,
            )
            Connector.objects.filter(pk=connector.pk).update(
                status=ConnectorStatus.CHARGING, fallback_ma=0, fallback_confirmed_at=NOW
            )
            session = SessionFactory(
                connector=connector,
                driver=driver,
                state=SessionState.ACTIVE,
                plugged_at=NOW,
                started_at=NOW,
                transaction_id=Session.objects.count() + 1,
            )
            with transaction.atomic():
                charger_limits.transaction_started(session, now=NOW)
        waiting(root, count)
        return drivers

    return house


def claim(root, drivers):
    needed_by = NOW + timedelta(hours=2)
    return emergencies.request_emergency(
        drivers[0], reason="Clinic", energy_wh=5_000, needed_by=needed_by, now=NOW
    )


ACTS_ON_ALL = {
    "rebalance": lambda root, _: share_power(root.cluster_id, now=NOW),
    "cut": lambda root, _: cut.cut(root.cluster, actor=SYSTEM, now=NOW),
    "restore": lambda root, _: cut.restore(root.cluster, actor=SYSTEM, now=NOW),
    "emergency": claim,
}


@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="On SQLite rows of many connectors are written one by one"
)
@pytest.mark.parametrize("act", ACTS_ON_ALL)
def test_acts_on_all_cars_cost_the_same_for_twice_as_many(root, house, act):
    """With the second limits are asked of twelve more, so that what is queued for each counts too."""
    counts = []
    for count in (6, 12):
        drivers = house(count)
        if act == "restore":
            cut.cut(root.cluster, actor=SYSTEM, now=NOW)
        counts.append(longest_transaction(lambda drivers=drivers: ACTS_ON_ALL[act](root, drivers)))
    assert counts[1] <= counts[0] <= MOST_STATEMENTS
