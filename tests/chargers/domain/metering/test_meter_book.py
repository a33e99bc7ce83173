"""The values are stored at once; a session's row follows within a second, and never after it was changed by others."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chargers.domain.intake import Desk
from chargers.domain.sessions import sessions
from chargers.enums import ConnectorStatus, SessionState
from chargers.models import MeterValue, Session


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def transaction_id(desk, say, connector, now) -> int:
    [outcome] = desk.take([say.start(meter_wh=10_000)])
    return outcome.transaction_id


@pytest.fixture
def meter(desk, say, transaction_id, now):
    def meter(register, seconds, **more):
        at = now + timedelta(seconds=seconds)
        desk.take([say.meter(transaction_id, at, say.register(register, at, **more))])

    return meter


def test_second_message_within_a_second_is_stored_and_its_sessions_row_follows(desk, meter, now):
    meter(10_010, 10, power_w=5_000)
    meter(10_011, 10.2, power_w=6_000)
    assert MeterValue.objects.count() == 2
    assert (Session.objects.get().energy_wh, Session.objects.get().power_w) == (10, 5_000)
    desk.write_owed(now=now + timedelta(seconds=10.5))
    assert Session.objects.get().energy_wh == 10
    desk.write_owed(now=now + timedelta(seconds=11))
    assert (Session.objects.get().energy_wh, Session.objects.get().power_w) == (11, 6_000)


def test_message_of_a_known_session_costs_no_look_at_the_database(meter):
    meter(10_010, 10)
    with CaptureQueriesContext(connection) as queries:
        meter(10_011, 10.2)
    assert [query for query in queries if query["sql"].startswith(("SELECT", "UPDATE"))] == []


def test_stop_settles_what_is_owed_and_the_load_stays_nothing(desk, say, meter, transaction_id, now):
    meter(10_010, 10, power_w=5_000)
    meter(10_030, 10.2, power_w=6_000)
    at = now + timedelta(seconds=10.5)
    desk.take([say.stop(transaction_id, at, meter_wh=9_000)])
    desk.write_owed(now=now + timedelta(minutes=1))
    session = Session.objects.get()
    assert (session.state, session.power_w) == (SessionState.FINISHED, 0)
    assert session.energy_wh == 30


def test_session_that_a_janitor_ended_is_not_written_over(desk, say, meter, now):
    meter(10_010, 10, power_w=5_000)
    meter(10_011, 10.2, power_w=6_000)
    Session.objects.update(state=SessionState.ENDED, power_w=0)
    desk.write_owed(now=now + timedelta(seconds=12))
    assert Session.objects.get().power_w == 0


def test_rolled_back_batch_leaves_nothing_in_the_book(desk, say, meter, transaction_id, now, monkeypatch):
    meter(10_010, 10)
    at = now + timedelta(seconds=20)
    report = say.meter(transaction_id, at, say.register(10_100, at))
    monkeypatch.setattr(sessions, "plug_in", None)
    with pytest.raises(TypeError):
        desk.take([report, say.status(ConnectorStatus.PREPARING, at)])
    monkeypatch.undo()
    assert MeterValue.objects.count() == 1
    desk.write_owed(now=at)
    assert Session.objects.get().energy_wh == 10
    meter(10_200, 30)
    assert Session.objects.get().energy_wh == 200


def test_new_transaction_on_the_same_socket_is_noticed_at_once(desk, say, meter, transaction_id, now):
    meter(10_010, 10)
    desk.take([say.stop(transaction_id, now + timedelta(seconds=11), meter_wh=10_020)])
    [second] = desk.take([say.start(now + timedelta(seconds=12), meter_wh=10_020)])
    at = now + timedelta(seconds=13)
    desk.take([say.meter(second.transaction_id, at, say.register(10_025, at))])
    assert list(Session.objects.order_by("transaction_id").values_list("energy_wh", flat=True)) == [20, 5]
