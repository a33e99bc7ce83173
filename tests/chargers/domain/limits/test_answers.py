"""Answers: what is reserved after a limit was taken, refused or left without one, and after an offer was read."""

from datetime import timedelta
from functools import partial

import pytest

from chargers.domain.limits import answers
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from tests.chargers.domain.limits.granted import granted
from tests.chargers.domain.limits.leased import (
    all_of,
    answer,
    charge_at,
    lease_to,
    queue_lease,
    read,
    reserved_ma,
)
from tests.factories.chargers import ConnectorFactory

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
ACCEPTED, REJECTED, UNKNOWN, ERROR = (
    CommandState.ACCEPTED, CommandState.REJECTED, CommandState.UNKNOWN, CommandState.ERROR,
)  # fmt: skip


@pytest.fixture
def connector(connector, now):
    return lease_to(connector, now)


@pytest.fixture
def session(connector, now):
    return charge_at(connector, now)


@pytest.fixture
def queue(connector, session, now):
    return partial(queue_lease, connector, session, at=now)


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


def offer(connector, at, *amperes, clock_off=timedelta(0)):
    periods = [(60 * n, limit_a) for n, limit_a in enumerate(amperes)]
    answers.offers_read(
        [
            ChargerCommand(
                charge_point=connector.charge_point, connector=connector, kind=CommandKind.READ_LIMIT,
                state=ACCEPTED, sent_at=at, answered_at=at,
                result=granted(*periods) | {"scheduleStart": (at + clock_off).isoformat()},
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


@pytest.mark.parametrize(("clock_off", "learnt"), [(timedelta(0), False), (timedelta(hours=1), None)])
def test_lease_that_is_over_by_the_clock_of_its_charger_says_nothing_of_the_make(
    connector, queue, now, clock_off, learnt
):
    make = Make.objects.create(vendor="Other", model="Twin")
    ChargePoint.objects.update(make=make)
    ConnectorFactory(
        charge_point=connector.charge_point, number=2, in_transaction=True, confirmed_at=now + MINUTE
    )
    answer(queue(16_000), ACCEPTED, now)
    offer(connector, now, 0, clock_off=clock_off)
    make.refresh_from_db()
    assert make.keeps_limits_apart is learnt


def cleared() -> int:
    return ChargerCommand.objects.filter(kind=CommandKind.CLEAR_LIMITS).count()


@pytest.mark.parametrize("behind", [timedelta(hours=1), timedelta(hours=-1)])
def test_offer_above_ours_by_another_clock_counts_but_others_are_cleared_only_once_the_clocks_agree(
    connector, queue, now, caplog, behind
):
    answer(queue(16_000), ACCEPTED, now)
    offer(connector, now, 32, clock_off=-behind)
    row = read(connector)
    assert (row.uncontrollable_since, row.clocks_apart, row.refusals, cleared()) == (now, True, 0, 0)
    assert reserved_ma(connector, now) == all_of(32_000)
    offer(connector, now + MINUTE, 32, clock_off=-behind)
    assert (read(connector).uncontrollable_since, cleared()) == (now, 0)
    assert "outranks" not in caplog.text
    offer(connector, now + 2 * MINUTE, 32)
    row = read(connector)
    assert (row.uncontrollable_since, row.clocks_apart, cleared() > 0) == (now, False, True)
    assert "outranks" in caplog.text
    offer(connector, now + 3 * MINUTE, 16)
    assert (read(connector).uncontrollable_since, read(connector).clocks_apart) == (None, False)


def test_offer_says_nothing_of_others_while_our_own_clock_was_just_set(connector, queue, now, set_clock):
    answer(queue(16_000), ACCEPTED, now)
    set_clock(-3_600)
    # Its clock was set with ours, and the limit begins by the hour before.
    offer(connector, now, 32)
    row = read(connector)
    assert (row.uncontrollable_since, row.clocks_apart, cleared()) == (now, True, 0)


def test_offer_by_another_clock_that_is_no_more_than_ours_ends_the_doubt(connector, queue, now):
    answer(queue(16_000), ACCEPTED, now)
    offer(connector, now, 32, clock_off=timedelta(hours=1))
    offer(connector, now + MINUTE, 16, clock_off=timedelta(hours=1))
    assert (read(connector).uncontrollable_since, read(connector).clocks_apart) == (None, False)


@pytest.mark.promise("E13")
@pytest.mark.parametrize(
    ("ahead_s", "periods", "learnt"),
    [
        pytest.param(0, [(0, 16), (120, 0), (300, 6)], (True, True), id="one time"),
        pytest.param(60, [(0, 16), (60, 0), (300, 6)], (True, True), id="its lease ends a minute early"),
        pytest.param(-60, [(0, 16), (180, 0), (300, 6)], (True, True), id="its lease ends a minute late"),
        pytest.param(60, [(0, 16), (60, 6)], (True, False), id="it is early and does not wait"),
        pytest.param(-60, [(0, 16)], (False, None), id="its lease never ends"),
        pytest.param(-3_600, [(0, 16)], (None, None), id="its lease ends in an hour"),
        pytest.param(3_600, [(0, 16), (300, 6)], (None, None), id="its lease has ended"),
    ],
)
def test_lease_is_judged_by_the_clock_that_ends_it(connector, queue, now, ahead_s, periods, learnt):
    make = Make.objects.create(vendor="Other", model="Twin")
    ChargePoint.objects.update(make=make)
    Connector.objects.update(fallback_wait_s=300)
    answer(queue(16_000), ACCEPTED, now)
    begins = {"scheduleStart": (now + timedelta(seconds=ahead_s)).isoformat()}
    command = ChargerCommand(
        charge_point=connector.charge_point, connector=connector, kind=CommandKind.READ_LIMIT,
        state=ACCEPTED, sent_at=now, answered_at=now, result=granted(*periods) | begins,
    )  # fmt: skip
    answers.offers_read([command], now=now)
    make.refresh_from_db()
    assert (make.honours_duration, make.honours_relative) == learnt
