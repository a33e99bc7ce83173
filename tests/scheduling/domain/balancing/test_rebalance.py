from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.limits import limits as charger_limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from grid.domain import limits
from grid.domain.audit import SYSTEM
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import Allotment
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SETTLE = timedelta(seconds=17)


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    return built


def _connector(identity: str) -> Connector:
    return Connector.objects.select_related("charge_point__cluster").get(charge_point__identity=identity)


def _start(identity: str, *, at: datetime = NOW, number: int = 1) -> Session:
    connector = _connector(identity)
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=at,
        plugged_at=at,
        started_at=at,
        transaction_id=number,
    )
    charger_limits.transaction_started(session, now=at)
    return session


def _queued() -> dict[str, int]:
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    return {row.connector.charge_point.identity: row.limit_ma for row in rows}


def _answer(identity: str, state: CommandState, *, at: datetime) -> None:
    command = ChargerCommand.objects.get(
        connector__charge_point__identity=identity, kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED
    )
    command.state = CommandState.SENT
    command.save()
    delivery.record_answer(command.pk, state=state, now=at)


def _fill(built: site.Built) -> None:
    """B1 alone on phase L1, charging with all that its cable takes."""
    _start("B1")
    share_power(built.cluster.pk, now=NOW)
    assert _queued() == {"B1": 32_000}
    _answer("B1", CommandState.ACCEPTED, at=NOW)


def test_lonely_car_gets_all_it_can_take(built: site.Built) -> None:
    _fill(built)
    assert _connector("B1").confirmed_ma == 32_000
    assert _connector("B1").reservation_ma == (32_000, 0, 0)


@pytest.mark.promise("E3")
def test_raise_waits_until_the_cut_is_accepted_and_settled(built: site.Built) -> None:
    _fill(built)
    _start("B5", number=2)
    at = NOW + timedelta(seconds=5)
    share_power(built.cluster.pk, now=at)
    # Panel B carries 39 A for cars: B5 gets what is free at once, the rest when B1 has followed.
    queued = _queued()
    assert queued["B5"] == 7_000
    assert queued["B1"] < 32_000
    for state, later in ((CommandState.ACCEPTED, at), (CommandState.ACCEPTED, at)):
        for identity in ("B1", "B5"):
            if identity in _queued():
                _answer(identity, state, at=later)
    almost = at + SETTLE - timedelta(seconds=1)
    share_power(built.cluster.pk, now=almost)
    assert _queued() == {}
    share_power(built.cluster.pk, now=at + SETTLE + timedelta(seconds=1))
    assert list(_queued()) == ["B5"]


@pytest.mark.promise("E4")
def test_lost_answer_keeps_the_higher_value_reserved(built: site.Built) -> None:
    _fill(built)
    _start("B5", number=2)
    at = NOW + timedelta(seconds=5)
    share_power(built.cluster.pk, now=at)
    _answer("B1", CommandState.UNKNOWN, at=at)
    _answer("B5", CommandState.ACCEPTED, at=at)
    share_power(built.cluster.pk, now=at + timedelta(minutes=5))
    assert _connector("B1").reservation_ma.l1 == 32_000
    # The doubt is ended by asking again; meanwhile B5's lease is renewed and nothing is raised.
    assert _queued() == {"B1": _queued()["B1"], "B5": 7_000}


@pytest.mark.promise("E5")
def test_three_refusals_make_a_charger_count_at_nameplate(built: site.Built) -> None:
    _fill(built)
    limits.impose_limit(built.transformer, pct=30, reason="Test", actor=SYSTEM, now=NOW)
    at = NOW
    for _ in range(3):
        at += timedelta(seconds=5)
        share_power(built.cluster.pk, now=at)
        _answer("B1", CommandState.REJECTED, at=at)
    refusing = _connector("B1")
    assert refusing.uncontrollable_since == at
    share_power(built.cluster.pk, now=at + timedelta(seconds=5))
    assert _connector("B1").reservation_ma == (32_000, 0, 0)
    share_power(built.cluster.pk, now=at + timedelta(seconds=40))
    _answer("B1", CommandState.ACCEPTED, at=at + timedelta(seconds=41))
    assert _connector("B1").uncontrollable_since is None


@pytest.mark.promise("E6")
def test_unconfirmed_default_counts_at_nameplate_and_is_asked_again(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity="B1").update(fallback_ma=None)
    share_power(built.cluster.pk, now=NOW)
    assert _connector("B1").reservation_ma == (32_000, 0, 0)
    asked = ChargerCommand.objects.get(kind=CommandKind.SET_FALLBACK)
    assert (asked.charge_point.identity, asked.limit_ma) == ("B1", 0)
    assert Allotment.objects.get(connector__charge_point__identity="B1").reason == "unmanaged"


def test_charge_point_that_is_about_to_boot_is_asked_for_its_default_by_the_boot_alone(
    built: site.Built,
) -> None:
    Connector.objects.filter(charge_point__identity="B1").update(fallback_ma=None)
    ChargePoint.objects.filter(identity="B1").update(booted_at=None, connected_at=NOW)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=30))
    assert not ChargerCommand.objects.filter(kind=CommandKind.SET_FALLBACK).exists()
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=61))
    assert ChargerCommand.objects.get(kind=CommandKind.SET_FALLBACK).charge_point.identity == "B1"


@pytest.mark.promise("E6")
def test_offline_car_keeps_its_share_reserved(built: site.Built) -> None:
    _fill(built)
    ChargePoint.objects.filter(identity="B1").update(online_until=NOW)
    _start("B5", number=2)
    share_power(built.cluster.pk, now=NOW + timedelta(minutes=10))
    assert _queued() == {"B5": 7_000}


def test_announced_cut_is_worked_towards_at_once(built: site.Built) -> None:
    _fill(built)
    limits.impose_limit(built.transformer, pct=50, reason="Test", actor=SYSTEM, now=NOW)
    share_power(built.cluster.pk, now=NOW)
    # Half of 75 A less 8 A for the building and 1 A of margin.
    assert _queued() == {"B1": 28_000}


def test_waiting_car_has_a_reason(built: site.Built) -> None:
    limits.impose_limit(
        built.transformer,
        limit_ma=limits.PhaseMilliamps(16_000, 16_000, 16_000),
        reason="Test",
        actor=SYSTEM,
        now=NOW,
    )
    _start("A1", number=1)
    _start("B1", number=2)
    share_power(built.cluster.pk, now=NOW)
    reasons = dict(Allotment.objects.values_list("connector__charge_point__identity", "reason"))
    assert sorted([reasons["A1"], reasons["B1"]]) == ["circuit_full", "waiting_turn"]


def test_run_is_stored_when_something_changed_and_once_a_minute(built: site.Built) -> None:
    _start("A1")
    assert share_power(built.cluster.pk, now=NOW) is not None
    assert share_power(built.cluster.pk, now=NOW + timedelta(seconds=3)) is None
    assert share_power(built.cluster.pk, now=NOW + timedelta(seconds=70)) is not None


def test_query_count_does_not_grow_with_connectors(
    built: site.Built, django_assert_max_num_queries: object
) -> None:
    share_power(built.cluster.pk, now=NOW)
    with django_assert_max_num_queries(25):
        share_power(built.cluster.pk, now=NOW + timedelta(seconds=3))


@pytest.mark.parametrize(("keeps", "runs"), [(None, "B5"), (False, "B1")])
def test_running_car_that_0_a_would_end_keeps_the_only_minimum_there_is(
    built: site.Built, *, keeps: bool | None, runs: str
) -> None:
    make = Make.objects.create(vendor="New", model="Box", keeps_transaction_at_zero=keeps)
    ChargePoint.objects.filter(identity="B1").update(make=make)
    _fill(built)
    narrow = limits.PhaseMilliamps(17_000, 17_000, 17_000)
    limits.impose_limit(built.transformer, limit_ma=narrow, reason="Test", actor=SYSTEM, now=NOW)
    _start("B5", number=2)
    # It has run for so long that it would be the other's turn.
    Allotment.objects.update(since=NOW - timedelta(hours=2))
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=100))
    wanted = Connector.objects.filter(wanted_ma__gt=0)
    assert list(wanted.values_list("charge_point__identity", flat=True)) == [runs]
