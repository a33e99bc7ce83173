"""The fallback, the ways of writing it, and what a real transaction teaches of a make (promises E8 and E13)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.domain.limits import limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from tests.chargers.domain.limits.granted import granted
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def charge_point() -> ChargePoint:
    site.build()
    ChargePoint.objects.update(vendor="New", model="Box", connection_id=uuid4(), connected_at=NOW)
    Connector.objects.update(chosen_fallback_ma=6_000)
    return ChargePoint.objects.get(identity="A1")


def _make() -> Make:
    return Make.objects.get()


def _answer(kind: CommandKind, state: CommandState, *, at: datetime, **result: object) -> ChargerCommand:
    command = ChargerCommand.objects.filter(kind=kind, state=CommandState.QUEUED).earliest("queued_at")
    command.state, command.sent_at = CommandState.SENT, at
    command.save()
    delivery.record_answer(command.pk, state=state, result=result, now=at)
    return command


@pytest.mark.promise("E8")
def test_boot_asks_for_a_fallback_that_waits_and_believes_it_only_when_accepted(
    charge_point: ChargePoint,
) -> None:
    limits.charge_point_booted(charge_point, now=NOW)
    command = ChargerCommand.objects.get(kind=CommandKind.SET_FALLBACK)
    assert (command.limit_ma, command.arguments["wait_s"]) == (6_000, 300)
    assert Connector.objects.get(charge_point=charge_point).fallback_ma is None
    _answer(CommandKind.SET_FALLBACK, CommandState.ACCEPTED, at=NOW)
    connector = Connector.objects.get(charge_point=charge_point)
    assert (connector.fallback_ma, connector.fallback_wait_s) == (6_000, 300)


@pytest.mark.promise("E8")
def test_refused_fallback_is_written_another_way_and_the_accepted_way_is_remembered(
    charge_point: ChargePoint,
) -> None:
    ways = []
    for attempt in range(3):
        limits.charge_point_booted(charge_point, now=NOW + timedelta(minutes=attempt))
        state = CommandState.ACCEPTED if attempt == 2 else CommandState.REJECTED
        command = _answer(CommandKind.SET_FALLBACK, state, at=NOW + timedelta(minutes=attempt))
        ways.append((command.arguments["rung"], command.arguments["wait_s"], command.connector_id is None))
    assert ways == [(0, 300, True), (1, 0, True), (2, 300, False)]
    assert _make().rung == 2
    sibling = ChargePoint.objects.get(identity="A2")
    limits.charge_point_booted(sibling, now=NOW)
    assert sibling.commands.get(kind=CommandKind.SET_FALLBACK).arguments["rung"] == 2


def test_fallback_of_one_connector_is_never_left_to_outrank_a_later_one_for_all(
    charge_point: ChargePoint,
) -> None:
    first = Connector.objects.get(charge_point=charge_point)
    second = Connector.objects.create(
        community_id=first.community_id,
        charge_point=charge_point,
        circuit=first.circuit,
        number=2,
        chosen_fallback_ma=10_000,
    )
    fallbacks = charge_point.commands.filter(kind=CommandKind.SET_FALLBACK)
    limits.queue_fallback(charge_point, now=NOW)
    assert set(fallbacks.values_list("connector__number", "limit_ma")) == {(1, 6_000), (2, 10_000)}
    for _ in range(2):
        _answer(CommandKind.SET_FALLBACK, CommandState.ACCEPTED, at=NOW)
    Connector.objects.filter(pk=second.pk).update(chosen_fallback_ma=6_000)
    limits.queue_fallback(charge_point, now=NOW + timedelta(minutes=1))
    again = fallbacks.filter(state=CommandState.QUEUED).values_list("connector__number", "limit_ma")
    assert set(again) == {(1, 6_000), (2, 6_000)}


@pytest.mark.parametrize(
    ("told", "rung"),
    [
        ({"rate_units": "Power"}, {"unit": "W", "stack_level": 1}),
        ({"rate_units": "Power", "max_stack_level": 0}, {"unit": "W", "stack_level": 0}),
        ({"rate_units": "Current,Power"}, {"unit": "A", "stack_level": 0}),
    ],
)
def test_ladder_begins_with_what_the_make_says_it_takes(
    charge_point: ChargePoint, told: dict[str, object], rung: dict[str, object]
) -> None:
    Make.objects.create(vendor="New", model="Box", **told)
    limits.charge_point_booted(charge_point, now=NOW)
    asked = charge_point.commands.get(kind=CommandKind.SET_FALLBACK)
    assert {name: asked.arguments[name] for name in rung} == rung


def test_schedule_in_watts_is_read_as_currents(charge_point: ChargePoint) -> None:
    connector = _leased(charge_point, started=NOW)
    period = {"start_s": 0.0, "limit_w": 30.0 * 230 * 3, "phases": 3}
    _answer(CommandKind.READ_LIMIT, CommandState.ACCEPTED, at=NOW, granted=[period])
    connector.refresh_from_db()
    assert connector.uncontrollable_since == NOW


@pytest.mark.promise("E6")
def test_changed_fallback_counts_at_the_worse_of_both_until_it_is_accepted(charge_point: ChargePoint) -> None:
    mine = Connector.objects.filter(charge_point=charge_point)
    mine.update(fallback_ma=8_000, fallback_confirmed_at=NOW)
    limits.queue_fallback(charge_point, now=NOW)
    assert (mine.get().fallback_ma, mine.get().fallback_confirmed_at) == (8_000, None)
    _answer(CommandKind.SET_FALLBACK, CommandState.ACCEPTED, at=NOW)
    assert (mine.get().fallback_ma, mine.get().settling_ma) == (6_000, 8_000)


def _leased(charge_point: ChargePoint, *, started: datetime) -> Connector:
    limits.charge_point_booted(charge_point, now=NOW)
    _answer(CommandKind.SET_FALLBACK, CommandState.ACCEPTED, at=NOW)
    connector = Connector.objects.select_related("charge_point__cluster").get(charge_point=charge_point)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=started,
        plugged_at=started,
        started_at=started,
        transaction_id=1,
    )
    limits.transaction_started(session, now=NOW)
    end_s = (NOW + timedelta(seconds=120)).timestamp()
    limits.queue_limit(connector, session, limit_ma=16_000, end_s=end_s, now=NOW)
    _answer(CommandKind.SET_LIMIT, CommandState.ACCEPTED, at=NOW)
    return connector


@pytest.mark.promise("E13")
@pytest.mark.parametrize(
    ("periods", "duration", "relative"),
    [
        (((0, 16.0), (120, 0.0), (300, 6.0)), True, True),
        (((0, 16.0), (120, 6.0)), True, False),
        (((0, 16.0),), False, None),
        (((0, 32.0), (120, 0.0)), None, None),
    ],
)
def test_first_lease_on_an_untried_model_teaches_what_it_honours(
    charge_point: ChargePoint,
    periods: tuple[tuple[int, float], ...],
    duration: bool | None,
    relative: bool | None,
) -> None:
    _leased(charge_point, started=NOW)
    _answer(CommandKind.READ_LIMIT, CommandState.ACCEPTED, at=NOW, **granted(*periods))
    assert (_make().honours_duration, _make().honours_relative) == (duration, relative)


def test_transaction_whose_wait_is_over_says_nothing_of_waiting(charge_point: ChargePoint) -> None:
    _leased(charge_point, started=NOW - timedelta(minutes=10))
    _answer(CommandKind.READ_LIMIT, CommandState.ACCEPTED, at=NOW, **granted((0, 16.0), (120, 6.0)))
    assert (_make().honours_duration, _make().honours_relative) == (True, None)


@pytest.mark.promise("E13")
def test_untried_model_counts_at_its_last_value_for_ever(charge_point: ChargePoint) -> None:
    connector = _leased(charge_point, started=NOW)
    later = NOW + timedelta(days=1)
    assert limits.reservation_ma(Connector.objects.get(pk=connector.pk), now=later).l1 == 16_000
    Make.objects.update(honours_duration=True)
    assert limits.reservation_ma(Connector.objects.get(pk=connector.pk), now=later).l1 == 6_000


@pytest.mark.promise("E8")
def test_profile_that_outranks_ours_is_cleared_and_counts_at_nameplate_until_it_is_gone(
    charge_point: ChargePoint,
) -> None:
    connector = _leased(charge_point, started=NOW)
    _answer(CommandKind.READ_LIMIT, CommandState.ACCEPTED, at=NOW, **granted((0, 30.0)))
    connector.refresh_from_db()
    assert (connector.uncontrollable_since, connector.reservation_l1_ma) == (NOW, connector.max_current_ma)
    cleared = charge_point.commands.filter(kind=CommandKind.CLEAR_LIMITS)
    asked = {(command.arguments["purpose"], command.arguments["stack_level"]) for command in cleared}
    assert asked == {
        *(("TxProfile", level) for level in range(2, 10)),
        *(("TxDefaultProfile", level) for level in range(1, 10)),
    }
    later = NOW + timedelta(seconds=30)
    end_s = (NOW + timedelta(seconds=120)).timestamp()
    limits.queue_limit(connector, connector.sessions.get(), limit_ma=16_000, end_s=end_s, now=later)
    _answer(CommandKind.SET_LIMIT, CommandState.ACCEPTED, at=later)
    connector.refresh_from_db()
    # Accepted was never in question.
    assert connector.uncontrollable_since == NOW
    _answer(CommandKind.READ_LIMIT, CommandState.ACCEPTED, at=later, **granted((0, 16.0)))
    connector.refresh_from_db()
    assert (connector.uncontrollable_since, cleared.count()) == (None, 17)
