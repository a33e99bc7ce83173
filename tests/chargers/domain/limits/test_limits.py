"""Limits on their way: what is queued, what each answer leaves reserved, and what cars that come and go leave."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.limits import limits
from chargers.domain.orders import commands, delivery
from chargers.enums import CarTurn, CommandKind, CommandState, ConnectorStatus, OcppVersion, SessionState
from chargers.events import CarTurned
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from chargers.orders.charging import ClearLimits
from evbalancer.common.units import PhaseMilliamps
from tests.chargers.domain.limits.granted import granted
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ACCEPTED, REJECTED, UNKNOWN, ERROR = (
    CommandState.ACCEPTED, CommandState.REJECTED, CommandState.UNKNOWN, CommandState.ERROR,
)  # fmt: skip


@pytest.fixture
def connector(connector, now):
    """Of 32 A, at a charge point that is there; its make ends leases, and its fallback of 6 A does not wait."""
    make = Make.objects.create(vendor="V", model="M", honours_duration=True, honours_relative=False)
    ChargePoint.objects.update(
        make=make, ocpp_version=OcppVersion.V16, connection_id=uuid4(), connected_at=now,
        online_until=now + timedelta(hours=1),
    )  # fmt: skip
    Connector.objects.update(fallback_ma=6_000, chosen_fallback_ma=6_000, in_transaction=True)
    return read(connector)


@pytest.fixture
def session(connector, now):
    return SessionFactory(
        connector=connector, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_id=7
    )


@pytest.fixture
def queue(connector, session, now):
    def queue(limit_ma, *, at=now, lease_s=120.0):
        command = limits.queue_limit(
            read(connector), session, limit_ma=limit_ma, end_s=at.timestamp() + lease_s, now=at
        )
        send(connector, at)
        return command

    return queue


def send(connector, at):
    """Put all of its commands on the wire."""
    socket = ChargePoint.objects.get(pk=connector.charge_point_id).connection_id
    while delivery.claim_all({socket: connector.charge_point_id}, now=at):
        pass


def answer(command, state, at):
    assert delivery.record_answer(command.pk, state=state, now=at)


def read(connector) -> Connector:
    return Connector.objects.select_related("charge_point__make", "charge_point__cluster").get(
        pk=connector.pk
    )


def reserved_ma(connector, at: datetime) -> PhaseMilliamps:
    return limits.reservation_ma(read(connector), now=at)


def all_of(ma: int) -> PhaseMilliamps:
    return PhaseMilliamps(ma, ma, ma)


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
    for seen, told in (("", None), ("RS", 2)):
        session.phases_seen = seen
        command = limits.queue_limit(read(connector), session, limit_ma=16_000, now=now)
        assert (command.arguments["volts"], command.arguments.get("phases")) == (230, told)


@pytest.mark.promise("E4")
def test_accepted_limit_is_reserved_until_its_lease_must_be_over_and_then_the_fallback(connector, queue, now):
    answer(queue(16_000), ACCEPTED, now)
    row = read(connector)
    assert (row.confirmed_ma, row.confirmed_at, row.confirmed_end_at) == (16_000, now, now + 2 * MINUTE)
    assert (row.sent_ma, row.limit_writes) == (None, 1)
    assert reserved_ma(connector, now) == all_of(16_000)
    assert reserved_ma(connector, now + 2 * MINUTE) == all_of(16_000)
    assert reserved_ma(connector, now + 3 * MINUTE) == all_of(6_000)


@pytest.mark.promise("E4")
def test_cut_stays_reserved_at_the_higher_value_until_the_car_must_have_followed(connector, queue, now):
    answer(queue(16_000), ACCEPTED, now)
    at = now + MINUTE
    cut = queue(8_000, at=at)
    assert reserved_ma(connector, at) == all_of(16_000)
    answer(cut, ACCEPTED, at)
    settle_s = connector.charge_point.cluster.settle_s
    assert reserved_ma(connector, at + timedelta(seconds=settle_s - 1)) == all_of(16_000)
    assert reserved_ma(connector, at + timedelta(seconds=settle_s)) == all_of(8_000)


@pytest.mark.promise("E4")
def test_limit_without_an_answer_is_in_doubt_beside_what_held_before(connector, queue, now):
    answer(queue(10_000), ACCEPTED, now)
    answer(queue(20_000, at=now + MINUTE), UNKNOWN, now + MINUTE)
    row = read(connector)
    assert (row.confirmed_ma, row.in_doubt_ma, row.refusals) == (10_000, 20_000, 0)
    assert reserved_ma(connector, now + MINUTE) == all_of(20_000)
    answer(queue(8_000, at=now + 2 * MINUTE), ACCEPTED, now + 2 * MINUTE)
    assert (read(connector).in_doubt_ma, read(connector).confirmed_ma) == (None, 8_000)


@pytest.mark.parametrize("state", [REJECTED, ERROR])
def test_third_refusal_in_a_row_makes_it_count_at_its_nameplate_until_it_takes_one(
    connector, queue, now, state
):
    for number in range(3):
        assert read(connector).uncontrollable_since is None
        answer(queue(8_000, at=now + number * MINUTE), state, now + number * MINUTE)
    at = now + 2 * MINUTE
    assert (read(connector).refusals, read(connector).uncontrollable_since) == (3, at)
    assert reserved_ma(connector, at) == all_of(32_000)
    answer(queue(8_000, at=at + MINUTE), ACCEPTED, at + MINUTE)
    assert (read(connector).refusals, read(connector).uncontrollable_since) == (0, None)


def test_refusal_after_a_boot_without_a_word_of_the_transaction_is_not_counted(connector, queue, now):
    ChargePoint.objects.update(booted_at=now + MINUTE)
    answer(queue(8_000), REJECTED, now + MINUTE)
    assert read(connector).refusals == 0


def test_answer_for_a_transaction_that_is_over_changes_nothing(connector, session, queue, now):
    command = queue(16_000)
    session.state = SessionState.FINISHED
    session.save()
    answer(command, ACCEPTED, now)
    assert (read(connector).confirmed_ma, read(connector).confirmed_at) == (None, None)


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


def offer(connector, at, *amperes):
    periods = [(60 * n, limit_a) for n, limit_a in enumerate(amperes)]
    limits.offers_read(
        [
            ChargerCommand(
                charge_point=connector.charge_point, connector=connector, kind=CommandKind.READ_LIMIT,
                state=ACCEPTED, sent_at=at,
                result=granted(*periods),
            )
        ],
        now=at,
    )  # fmt: skip


def test_offer_above_all_that_is_ours_counts_at_the_nameplate_until_one_is_not(connector, queue, now):
    answer(queue(16_000), ACCEPTED, now)
    offer(connector, now, 16.2)
    assert reserved_ma(connector, now) == all_of(16_000)
    offer(connector, now, 16.3)
    assert read(connector).uncontrollable_since == now
    assert reserved_ma(connector, now) == all_of(32_000)
    # Taking another limit proves nothing.
    answer(queue(16_000, at=now + MINUTE), ACCEPTED, now + MINUTE)
    assert reserved_ma(connector, now + MINUTE) == all_of(32_000)
    offer(connector, now + MINUTE, 16)
    assert read(connector).uncontrollable_since is None
    assert reserved_ma(connector, now + 2 * MINUTE) == all_of(16_000)
