"""What a charger says that it grants: when it is asked and how the answer is read."""

from datetime import timedelta

import pytest

from chargers.domain.limits import read_back
from chargers.enums import CommandKind, CommandState, OcppVersion, SessionState
from chargers.exposure import Span
from chargers.models import ChargePoint, ChargerCommand, Connector, Make
from tests.chargers.domain.limits.granted import granted
from tests.factories.chargers import SessionFactory

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def make(db):
    return Make.objects.create(vendor="V", model="M", honours_duration=True, honours_relative=True)


@pytest.fixture
def connector(connector, make):
    ChargePoint.objects.update(make=make, ocpp_version=OcppVersion.V16)
    Connector.objects.update(in_transaction=True, fallback_ma=6_000, fallback_wait_s=300)
    return Connector.objects.select_related("charge_point__make", "charge_point__cluster").get()


@pytest.fixture
def session(connector, now):
    return SessionFactory(
        connector=connector, plugged_at=now, started_at=now, state=SessionState.ACTIVE, transaction_id=7
    )


def answered(connector, *periods, sent_at=None, state=CommandState.ACCEPTED):
    return ChargerCommand(
        charge_point=connector.charge_point, connector=connector, kind=CommandKind.READ_LIMIT, state=state,
        result=granted(*periods), sent_at=sent_at,
    )  # fmt: skip


def asked() -> int:
    return ChargerCommand.objects.filter(kind=CommandKind.READ_LIMIT).count()


@pytest.fixture
def follow(connector, session, now):
    """A limit was taken; `read_at` is when the charger was asked last."""

    def follow(limit_ma=16_000, *, lease_s=120.0, read_at=None, at=now):
        span = Span(limit_ma, at.timestamp() + lease_s)
        read_back.follow_up(connector, span, session=session, read_at=read_at, now=at)
        return asked()

    return follow


@pytest.mark.parametrize("result", [None, {}, {"granted": []}, {"status": "Rejected"}])
def test_answer_without_a_schedule_says_nothing(connector, result):
    command = answered(connector)
    command.result = result
    assert read_back.periods_of(command) == []
    assert (read_back.offered_ma(command), read_back.highest_offer_ma(command)) == (None, None)


def test_first_period_is_what_it_offers_now_and_the_highest_the_most_at_any_time(connector):
    command = answered(connector, (0, 9.04), (60, 0), (300, 16.0))
    assert read_back.periods_of(command) == [(0.0, 9_040), (60.0, 0), (300.0, 16_000)]
    assert (read_back.offered_ma(command), read_back.highest_offer_ma(command)) == (9_040, 16_000)


def test_watts_are_of_the_phases_that_it_names_else_of_those_of_the_limit_else_of_one(connector, now):
    def offered(phases=None):
        command = answered(connector)
        command.result = {"granted": [{"start_s": 0.0, "limit_w": 6_900.0, "phases": phases}]}
        return read_back.offered_ma(command)

    assert (offered(), offered(3)) == (30_000, 10_000)
    for number, (phases, state) in enumerate([(2, CommandState.ACCEPTED), (3, CommandState.REJECTED)]):
        ChargerCommand.objects.create(
            community=connector.community, charge_point=connector.charge_point, connector=connector,
            kind=CommandKind.SET_LIMIT, state=state, idempotency_key=str(number), arguments={"limit_ma": 0, "phases": phases},
            queued_at=now + number * MINUTE, expires_at=now + 9 * MINUTE,
        )  # fmt: skip
    assert (offered(), offered(3)) == (15_000, 10_000)
    connector.in_transaction = False
    assert offered() == 30_000


def test_known_make_is_asked_once_in_each_transaction_and_not_while_it_pauses(follow, session, now):
    assert follow(0) == 0
    assert follow() == 1
    assert follow(read_at=now + SECOND) == 1
    # That was in the transaction before.
    assert follow(read_at=now - SECOND) == 2


def test_connector_that_something_outranks_is_asked_after_every_limit_but_not_more_often_than_it_answers(
    follow, connector, now
):
    connector.uncontrollable_since = now
    at = now + MINUTE
    assert follow(0, at=at, read_at=at - 19 * SECOND) == 0
    assert follow(0, at=at, read_at=at - 20 * SECOND) == 1


def test_untried_make_is_asked_about_a_lease_every_ten_minutes(follow, make, connector, now):
    connector.charge_point.make.honours_duration = None
    at = now + MINUTE
    assert follow(lease_s=9_999, at=at, read_at=now) == 0
    assert follow(at=at, read_at=now) == 1
    assert follow(at=at + 9 * MINUTE, read_at=now) == 1
    assert follow(at=at + 10 * MINUTE, read_at=now) == 2


def test_newest_question_of_ours_counts_for_each_connector(connector, session, now):
    for after in (0, 2, 1):
        read_back.ask_offer(connector, now=now + after * MINUTE)
    assert read_back.newest_reads([session]) == {connector.pk: now + 2 * MINUTE}
    question = ChargerCommand.objects.latest("queued_at")
    # Long enough to show the lease, the wait of the fallback, and its end.
    assert question.arguments == {"duration_s": 480, "after_boot": False}
    ChargerCommand.objects.update(actor_kind="user", actor_id="5")
    assert read_back.newest_reads([session]) == {}


@pytest.mark.parametrize(
    ("begins", "is_ours"),
    [
        (None, True),
        (timedelta(0), True),
        (-2 * MINUTE, True),
        (-2 * MINUTE - SECOND, False),
        (timedelta(hours=1), False),
    ],
)
def test_schedule_that_begins_at_another_time_than_now_is_by_another_clock(connector, now, begins, is_ours):
    command = answered(connector, (0, 16))
    command.answered_at = now
    if begins is not None:
        command.result["scheduleStart"] = (now + begins).isoformat()
    assert read_back.is_by_our_clock(command) is is_ours


@pytest.mark.parametrize(("skew_s", "is_ours"), [(120, True), (-120, True), (121, False), (-3_600, False)])
def test_schedule_without_a_beginning_is_by_the_clock_of_its_statuses(connector, skew_s, is_ours):
    connector.charge_point.clock_skew_s = skew_s
    command = answered(connector, (0, 16))
    assert (read_back.clock_ahead_s(command), read_back.is_by_our_clock(command)) == (skew_s, is_ours)


def test_no_schedule_is_by_our_clock_while_that_was_just_set(connector, now, set_clock):
    command = answered(connector, (0, 16))
    assert read_back.is_by_our_clock(command)
    set_clock(60)
    assert not read_back.is_by_our_clock(command)
