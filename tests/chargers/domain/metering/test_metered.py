"""Connectors and sessions as metering reads them: the open session of each, and those that are named by their transactions."""

from datetime import timedelta

import pytest

from chargers.domain.metering.metered import read_connectors, read_named_sessions
from chargers.enums import SessionState
from chargers.models import Connector
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def charge(connector, now):
    def charge(state=SessionState.ACTIVE, transaction_id=7, **more):
        return SessionFactory(
            connector=connector, plugged_at=now - HOUR, started_at=now, state=state,
            transaction_id=transaction_id, **more,
        )  # fmt: skip

    return charge


def read(connector):
    ((charge_point_id, number, found),) = read_connectors({connector.charge_point_id})
    assert (charge_point_id, number, found.id) == (connector.charge_point_id, connector.number, connector.pk)
    return found


def test_connector_is_read_with_its_open_session_in_one_query(connector, charge, django_assert_num_queries):
    charge(SessionState.ENDED, transaction_id=6)
    running = charge(meter_start_wh=1_000, energy_wh=50)
    ConnectorFactory()
    with django_assert_num_queries(1):
        found = read(connector)
    assert (found.running.id, found.running.start_wh, found.running.energy_wh) == (running.pk, 1_000, 50)
    assert (found.has_open(7), found.has_open(6)) == (True, False)


def test_session_that_waits_is_open_and_does_not_run(connector, charge):
    waiting = charge(SessionState.PLUGGED_IN, transaction_id=None)
    found = read(connector)
    assert (found.session.id, found.running) == (waiting.pk, None)


def test_retired_connector_is_not_metered(connector, now):
    Connector.objects.update(retired_at=now)
    assert read_connectors({connector.charge_point_id}) == []


def test_session_without_a_register_at_its_start_counts_from_nothing_yet(connector, charge):
    charge(meter_start_wh=None)
    session = read(connector).session
    assert (session.has_start, session.start_wh) == (False, 0)


def test_ended_sessions_are_found_by_their_transactions(connector, charge):
    ended = charge(SessionState.ENDED, transaction_id=6)
    charge(transaction_id=7)
    found = read_named_sessions([6, 8])
    assert {key: session.id for key, session in found.items()} == {(connector.pk, 6): ended.pk}


def test_wiring_is_of_the_phases_that_were_seen(connector):
    found = read(connector)
    assert found.wiring("") is found.wiring("")
    assert found.wiring("R").phases_seen == "R"
