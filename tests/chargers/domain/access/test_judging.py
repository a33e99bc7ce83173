from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chargers.domain.access.judging import (
    ALWAYS,
    AccessBook,
    SpaceClosed,
    StationBook,
    check_open,
    judge_one,
    restrict_outcome,
)
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from tests.factories.chargers import ConnectorFactory
from tests.factories.drivers import DriverFactory, DriverGroupFactory, FlatFactory

HERE, NOW_NOT = AuthorizationStatus.NOT_AT_THIS_LOCATION, AuthorizationStatus.NOT_AT_THIS_TIME
GOOD = AuthorizationStatus.ACCEPTED
# Monday, 10:00 in Berlin.
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def flat(connector):
    return FlatFactory(community=connector.community, name="Flat 3")


@pytest.fixture
def driver(connector, flat):
    return DriverFactory(community=connector.community, flat=flat)


@pytest.fixture
def other(connector):
    return DriverFactory(community=connector.community)


def status(connector, driver, at=AT):
    return judge_one(connector.pk, driver, at=at).status


def test_a_connector_without_a_rule_is_everybodys(connector, other):
    assert judge_one(connector.pk, other, at=AT) == judge_one(connector.pk, None, at=AT) == ALWAYS


def test_a_flats_connector_is_for_its_drivers(connector, keep, driver, other):
    keep(connector, "flat Flat 3")
    assert status(connector, driver) == GOOD
    assert status(connector, other) == status(connector, None) == HERE


def test_a_group_is_its_drivers_and_its_flats(connector, keep, driver, other, flat):
    group = DriverGroupFactory(community=connector.community, name="Tesla", drivers=[other])
    keep(connector, "group Tesla")
    assert (status(connector, other), status(connector, driver)) == (GOOD, HERE)
    group.drivers.clear()
    group.flats.add(flat)
    assert (status(connector, other), status(connector, driver)) == (HERE, GOOD)


def test_a_guest_has_a_card_and_nothing_else(connector, keep, driver, other):
    keep(connector, "guests")
    guest = DriverFactory(community=connector.community, user=None, membership=None)
    # Somebody who will be invited, and somebody of a flat whose account is still to come.
    invited = DriverFactory(community=connector.community, user=None, membership=None, email="a@example.org")
    tenant = DriverFactory(community=connector.community, user=None, membership=None, flat=driver.flat)
    assert [status(connector, each) for each in (guest, None, invited, tenant, other)] == [
        GOOD, GOOD, HERE, HERE, HERE,
    ]  # fmt: skip


def test_hours_say_when_they_end_and_why_it_is_not_open(connector, keep, other):
    keep(connector, "everybody, Mon-Fri, 08:00-18:00")
    assert judge_one(connector.pk, other, at=AT).until == datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    late = judge_one(connector.pk, other, at=AT + timedelta(hours=8))
    assert late.status == NOW_NOT
    with pytest.raises(SpaceClosed) as refusal:
        check_open(connector.pk, other, at=AT + timedelta(hours=8))
    assert refusal.value.detail == f"{connector} is open to you at other times: Mon to Fri, 08:00 to 18:00."


def test_any_rule_opens(connector, keep, driver, other):
    keep(connector, "flat Flat 3; everybody, Sat-Sun")
    assert judge_one(connector.pk, driver, at=AT) == ALWAYS
    assert status(connector, other) == NOW_NOT
    assert status(connector, other, AT + timedelta(days=5)) == GOOD


def test_a_charge_point_is_as_open_as_its_best_connector(connector, keep, driver, other):
    second = ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)
    station = connector.charge_point_id
    keep(connector, "flat Flat 3")
    keep(second, "everybody, 08:00-18:00")
    book = StationBook([station])
    assert book.judge(station, driver, at=AT) == ALWAYS
    assert book.judge(station, other, at=AT).until == datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert book.judge(station, other, at=AT + timedelta(hours=9)).status == NOW_NOT


def test_a_card_is_good_for_no_longer_than_the_place_is_open(connector, keep, driver):
    keep(connector, "everybody, 08:00-18:00")
    access = judge_one(connector.pk, driver, at=AT)
    soon = AT + timedelta(minutes=5)
    accepted = AuthorizeOutcome(GOOD, driver)
    assert restrict_outcome(accepted, access).expires_at == access.until
    assert restrict_outcome(AuthorizeOutcome(GOOD, driver, soon), access).expires_at == soon
    blocked = AuthorizeOutcome(AuthorizationStatus.BLOCKED, driver)
    assert restrict_outcome(blocked, access) == blocked


def test_many_drivers_cost_no_more_queries(connector, keep, driver, other):
    DriverGroupFactory(community=connector.community, name="Tesla", drivers=[other])
    keep(connector, "group Tesla; flat Flat 3; guests")
    with CaptureQueriesContext(connection) as asked:
        book = AccessBook.of_connectors([connector.pk])
        for _ in range(20):
            book.judge(connector.pk, driver, at=AT)
            book.judge(connector.pk, other, at=AT)
    assert len(asked) == 3
