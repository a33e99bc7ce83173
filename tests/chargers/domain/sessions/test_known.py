"""Starts and stops are judged by what was read for all of them together, and each by its own."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from chargers.domain.sessions.known import INT32_MAX, Known
from chargers.enums import SessionState
from chargers.reports.base import Source
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, IdTagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(connector):
    return IdTagFactory(driver=DriverFactory(community=connector.community), token="TAG")


@pytest.fixture
def other(connector):
    """A charge point of another community, which has a card of the same token blocked."""
    foreign = ConnectorFactory()
    IdTagFactory(
        driver=DriverFactory(community=foreign.community), token="TAG", blocked_at="2026-01-01T00:00Z"
    )
    return foreign


def of(connector, report):
    point = connector.charge_point
    return replace(report, source=Source(point.pk, point.cluster_id, point.community_id, uuid4()))


def test_each_start_has_its_own_connector_and_card(say, connector, card, other, now):
    mine, theirs, nowhere = say.start(), of(other, say.start()), say.start(number=9)
    known = Known(starts=[mine, theirs, nowhere], now=now)
    assert [known.connector(each) for each in (mine, theirs, nowhere)] == [connector, other, None]
    assert (known.outcome(mine).status, known.outcome(theirs).status) == ("Accepted", "Blocked")


def test_retired_connector_is_not_known(say, connector, now):
    connector.retired_at = now
    connector.save()
    assert Known(starts=[say.start()], now=now).connector(say.start()) is None


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({}, True),
        ({"meter_wh": None}, True),
        ({"meter_wh": 1_001}, False),
        ({"id_tag": "OTHER"}, False),
        ({"charger_at": timedelta(seconds=1)}, False),
    ],
)
def test_start_that_was_told_before_is_found_by_card_time_and_register(say, connector, now, changes, is_same):
    session = SessionFactory(
        connector=connector, state=SessionState.ENDED, plugged_at=now, id_tag="TAG", charger_started_at=now,
        meter_start_wh=1_000, transaction_id=5,
    )  # fmt: skip
    if "charger_at" in changes:
        changes = {"charger_at": now + changes["charger_at"]}
    start = replace(say.start(), **changes)
    assert Known(starts=[start], now=now).started(connector, start) == (session if is_same else None)


@pytest.mark.parametrize(("state", "is_same"), [(SessionState.ACTIVE, True), (SessionState.ENDED, False)])
def test_start_without_a_time_is_the_same_only_while_that_one_runs(say, connector, now, state, is_same):
    session = SessionFactory(
        connector=connector,
        state=state,
        plugged_at=now,
        started_at=now,
        id_tag="TAG",
        meter_start_wh=1_000,
        transaction_id=5,
    )
    start = say.start(charger_at=None)
    assert Known(starts=[start], now=now).started(connector, start) == (session if is_same else None)


def test_stop_finds_only_a_transaction_of_its_own_charge_point(say, connector, other, now):
    session = SessionFactory(
        connector=connector, state=SessionState.ACTIVE, plugged_at=now, started_at=now, transaction_id=5
    )
    mine, theirs = say.stop(5), of(other, say.stop(5))
    known = Known(stops=[mine, theirs, say.stop(0), say.stop(INT32_MAX + 1)], now=now)
    assert (known.named(mine), known.named(theirs)) == (session, None)
    assert (known.named(say.stop(0)), known.named(say.stop(INT32_MAX + 1))) == (None, None)


def test_session_that_is_open_is_known_and_one_that_ended_is_not(say, connector, now):
    SessionFactory(connector=connector, state=SessionState.ENDED, plugged_at=now)
    assert Known(starts=[say.start()], now=now).open_session(connector) is None
    session = SessionFactory(connector=connector, plugged_at=now)
    assert Known(starts=[say.start()], now=now).open_session(connector) == session


def test_numbers_rise_and_never_come_twice(say, now):
    known = Known(starts=[say.start()], now=now)
    numbers = [known.next_number() for _ in range(3)]
    assert numbers == sorted(set(numbers))
    assert Known(now=now).next_number() > numbers[-1]


def test_many_cost_as_many_queries_as_one(say, connector, card, other, now, django_assert_num_queries):
    reports = [of(each, say.start()) for each in (connector, other)]
    with django_assert_num_queries(6):
        Known(starts=reports[:1], stops=[say.stop(5)], now=now)
    with django_assert_num_queries(6):
        Known(starts=reports, stops=[say.stop(5), say.stop(6)], now=now)
