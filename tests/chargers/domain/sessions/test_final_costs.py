from datetime import UTC, datetime

import pytest
from django.db import connection

from chargers.domain.sessions import final_costs
from chargers.domain.sessions.final_costs import read_final_cost, register_cost
from chargers.models import Connector
from tests.factories.chargers import SessionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def askers(monkeypatch):
    """Those who know prices, none to begin with."""
    known: list = []
    monkeypatch.setattr(final_costs, "_askers", known)
    return known


@pytest.fixture
def session():
    return SessionFactory(plugged_at=NOW)


def test_without_anybody_who_knows_prices_there_is_no_cost(askers, session):
    assert read_final_cost(session, now=NOW) is None


@pytest.mark.parametrize(
    ("told", "cost"), [([320], 320), ([None, 5], 5), ([0], 0), ([-1], None), ([-1, 7], 7), ([], None)]
)
def test_first_cost_that_can_be_one_is_told(askers, session, told, cost):
    for each in told:
        register_cost(lambda _session, _now, each=each: each)
    assert read_final_cost(session, now=NOW) == cost


def test_whoever_registers_twice_is_asked_once(askers, session):
    asked = []

    def cost_of(session, now):
        asked.append((session, now))

    register_cost(cost_of)
    register_cost(cost_of)
    read_final_cost(session, now=NOW)
    assert asked == [(session, NOW)]


def test_price_that_fails_costs_neither_the_end_nor_its_transaction(askers, session):
    def breaks(session, now):
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column FROM chargers_session")

    register_cost(breaks)
    register_cost(lambda _session, _now: 12)
    assert read_final_cost(session, now=NOW) == 12
    assert Connector.objects.exists()
