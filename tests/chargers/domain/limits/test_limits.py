"""Limits on their way: what is queued, and what cars that come and go leave."""

from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest

from chargers.domain.limits import limits
from chargers.domain.orders import commands
from chargers.enums import CarTurn, CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.events import CarTurned
from chargers.models import ChargerCommand, Connector, Make
from chargers.orders.charging import ClearLimits
from tests.chargers.domain.limits.leased import (
    all_of,
    answer,
    charge_at,
    lease_to,
    queue_lease,
    read,
    reserved_ma,
    send,
)
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ACCEPTED, REJECTED, UNKNOWN = CommandState.ACCEPTED, CommandState.REJECTED, CommandState.UNKNOWN


@pytest.fixture
def connector(connector, now):
    return lease_to(connector, now)


@pytest.fixture
def session(connector, now):
    return charge_at(connector, now)


@pytest.fixture
def queue(connector, session, now):
    return partial(queue_lease, connector, session, at=now)


def test_limit_names_its_transaction_and_ends_on_a_whole_second(connector, session, now):
    end_s = now.timestamp() + 120.9
    command = limits.queue_limit(connector, session, limit_ma=16_000, end_s=end_s, now=now)
    assert (command.limit_ma, command.session, command.ends_at) == (
        16_000, session, now + timedelta(seconds=120),
    )  # fmt: skip
    told = command.arguments
    assert (told["transaction_id"], told["limit_ma"], told["ends_at"]) == (7, 16_000, end_s // 1)
    assert command.expires_at == now + MINUTE
    assert read(connector).sent_ma == 16_000


def test_many_limits_are_queued_in_as_many_queries_as_one(now, django_assert_max_num_queries):
    sessions = [
        SessionFactory(
            connector=ConnectorFactory(), plugged_at=now, started_at=now, state=SessionState.ACTIVE,
            transaction_id=number,
        )
        for number in range(12)
    ]  # fmt: skip
    grants = [
        limits.Grant(read(one.connector), one, limit_ma=6_000 + 1_000 * n) for n, one in enumerate(sessions)
    ]
    with django_assert_max_num_queries(5):
        limits.queue_limits(grants, now=now)
    queued = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, ends_at=None)
    assert sorted(queued.values_list("limit_ma", flat=True)) == [6_000 + 1_000 * n for n in range(12)]


def test_make_that_takes_watts_is_told_the_phases_that_its_car_was_seen_on(connector, session, now):
    Make.objects.update(rung=7)
    most_ma = read(connector).max_current_ma
    for seen, limit_ma, told in (("", most_ma - 1_000, None), ("", most_ma, 3), ("RS", most_ma, 2)):
        session.phases_seen = seen
        command = limits.queue_limit(read(connector), session, limit_ma=limit_ma, now=now)
        assert (command.arguments["volts"], command.arguments.get("phases")) == (230, told)


@pytest.mark.parametrize(
    ("turn", "confirmed_ma", "doubts", "running"),
    [
        (CarTurn.STARTED, None, [], True),
        (CarTurn.ENDED, None, [], False),
        pytest.param(CarTurn.ABANDONED, None, [16_000], True, id="its profile may live on"),
    ],
)
def test_car_that_comes_or_goes_takes_back_what_was_not_sent(
    connector, session, queue, now, turn, confirmed_ma, doubts, running
):
    answer(queue(16_000), ACCEPTED, now)
    unsent = limits.queue_limit(read(connector), session, limit_ma=20_000, now=now)
    limits.cars_turned(
        [CarTurned(connector_id=connector.pk, turn=turn, phases_seen="RST", stop_reason="", at=now)]
    )
    unsent.refresh_from_db()
    row = read(connector)
    assert unsent.state == CommandState.SUPERSEDED
    assert (row.confirmed_ma, [ma for ma, _ in row.doubts], row.in_transaction) == (
        confirmed_ma, doubts, running,
    )  # fmt: skip
    assert (row.wanted_ma, row.confirmed_at) == (0, None)
    # What the car drew a moment ago may linger.
    assert reserved_ma(connector, now) == all_of(16_000)


@pytest.mark.promise("E1")
def test_lease_counts_although_it_is_over_by_a_clock_that_was_set_forward(connector, queue, now, set_clock):
    answer(queue(16_000), ACCEPTED, now)
    later = now + timedelta(hours=1)
    assert reserved_ma(connector, later) == all_of(6_000)
    set_clock(3_600)
    assert reserved_ma(connector, later) == all_of(16_000)


@pytest.mark.promise("E1")
def test_hold_may_be_over_although_it_lasts_by_a_clock_that_was_set_back(connector, queue, now, set_clock):
    Make.objects.update(honours_relative=True)
    Connector.objects.update(fallback_wait_s=300)
    answer(queue(0, lease_s=300.0), ACCEPTED, now)
    Connector.objects.update(settlings=[])
    # Three minutes after its end, by a clock that was right.
    later = now + timedelta(minutes=8) - timedelta(hours=1)
    assert reserved_ma(connector, later) == all_of(0)
    set_clock(-3_600)
    assert reserved_ma(connector, later) == all_of(6_000)


@pytest.mark.promise("E6")
def test_other_default_counts_at_the_worse_of_both_until_it_is_taken_or_refused(connector, now):
    Connector.objects.update(in_transaction=False, chosen_fallback_ma=10_000)
    charge_point = read(connector).charge_point
    for state, fallback_ma in ((ACCEPTED, 10_000), (REJECTED, None)):
        command = limits.queue_fallback(charge_point, now=now)
        assert read(connector).fallback_ma == 10_000
        send(connector, now)
        answer(command, state, now)
        assert read(connector).fallback_ma == fallback_ma
    assert reserved_ma(connector, now) == all_of(32_000)


def test_status_without_a_transaction_is_believed_where_we_know_of_none(connector, session, now):
    connector.status, socket = ConnectorStatus.AVAILABLE, uuid4()
    limits.status_told(connector, connection_id=socket, now=now)
    assert read(connector).in_transaction
    session.state = SessionState.ENDED
    session.save()
    for status in (ConnectorStatus.CHARGING, ConnectorStatus.FAULTED):
        connector.status = status
        limits.status_told(connector, connection_id=socket, now=now)
        assert read(connector).in_transaction
    connector.status = ConnectorStatus.AVAILABLE
    limits.status_told(connector, connection_id=socket, now=now)
    row = read(connector)
    assert (row.in_transaction, row.told_connection_id, row.state_known_at) == (False, socket, now)


@pytest.fixture
def order(connector, now):
    """A person's order, sent at once."""

    def order(**arguments):
        command = commands.queue_command(connector.charge_point, ClearLimits(**arguments), by="anna", now=now)
        send(connector, now)
        return command

    return order


@pytest.mark.promise("E1")
def test_profiles_that_a_person_cleared_are_not_relied_upon_and_the_fallback_is_written_again(
    connector, order, now
):
    Connector.objects.update(confirmed_ma=4_000)
    command = order()
    row = read(connector)
    assert (row.fallback_ma, row.confirmed_ma) == (None, None)
    assert row.reservation_l1_ma == row.max_current_ma
    answer(command, UNKNOWN, now)
    assert ChargerCommand.objects.get(state=CommandState.QUEUED).kind == CommandKind.SET_FALLBACK


@pytest.mark.parametrize(
    ("purpose", "kept"),
    [
        ("ChargePointMaxProfile", (6_000, 4_000)),
        ("TxProfile", (6_000, None)),
        ("TxDefaultProfile", (None, 4_000)),
    ],
)
def test_cleared_purpose_costs_its_own_alone(connector, order, purpose, kept):
    Connector.objects.update(confirmed_ma=4_000)
    order(purpose=purpose)
    assert (read(connector).fallback_ma, read(connector).confirmed_ma) == kept
