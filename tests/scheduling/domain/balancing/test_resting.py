"""Beats leave a rebalance out where it would do nothing, and nowhere else: each reason to wake is tried."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from chargers.enums import CommandKind, CommandState, DrawSource, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, StrayDraw
from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, DemandTarget
from scheduling.domain.balancing import resting
from scheduling.domain.balancing.rebalance import share_power
from scheduling.enums import RunTrigger
from scheduling.models import Allotment, Attendance, BalanceTrouble, RebalanceRun
from tests.factories.chargers import ConnectorFactory, SessionFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SOCKET, OTHER = uuid4(), uuid4()
FALLBACK_MA = 6_000


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def connector() -> Connector:
    """Idle, with a fallback that is known, at a charge point that is online."""
    make = Make.objects.create(vendor="Good", model="One", honours_relative=True, honours_duration=True)
    connector = ConnectorFactory(
        fallback_ma=FALLBACK_MA,
        chosen_fallback_ma=FALLBACK_MA,
        fallback_confirmed_at=NOW,
        state_known_at=after(3),
        told_connection_id=SOCKET,
    )
    ChargePoint.objects.update(
        make=make, connection_id=SOCKET, connected_at=NOW, booted_at=NOW, online_until=after(600)
    )
    return connector


@pytest.fixture
def cluster(connector: Connector) -> Cluster:
    """Balanced twice: the first time says how all stand, the second time had nothing to do."""
    cluster = connector.circuit.cluster
    assert share_power(cluster.pk, now=NOW) is not None
    assert share_power(cluster.pk, now=after(3)) is None
    return cluster


def rests(cluster: Cluster, *, seconds: float = 6) -> bool:
    return resting.look_at(cluster.pk, now=after(seconds)).rests


def test_beat_of_a_cluster_that_rests_costs_a_few_queries(cluster, django_assert_num_queries):
    with django_assert_num_queries(6):
        assert share_power(cluster.pk, now=after(6)) is None
    assert Attendance.objects.get().regular_at == after(6)


def test_rest_ends_when_a_run_is_due(cluster):
    Connector.objects.update(state_known_at=after(50))
    assert rests(cluster, seconds=59.9)
    assert not rests(cluster, seconds=60)
    assert share_power(cluster.pk, now=after(60)) is not None
    assert rests(cluster, seconds=63)
    assert [run.at for run in RebalanceRun.objects.order_by("at")] == [NOW, after(60)]


def test_clock_that_is_set_back_ends_the_rest(cluster):
    assert rests(cluster, seconds=3)
    assert not rests(cluster, seconds=-3600)


def test_signs_of_life_disturb_no_rest(cluster, connector):
    Connector.objects.update(last_contact_at=after(5), state_known_at=after(5))
    ChargePoint.objects.update(last_seen_at=after(5), online_until=after(700))
    assert rests(cluster)


def test_other_clusters_disturb_no_rest(cluster):
    SessionFactory(state=SessionState.ACTIVE, plugged_at=NOW, started_at=NOW)
    ConnectorFactory()
    assert rests(cluster)


def _plug_in(connector):
    SessionFactory(connector=connector, plugged_at=after(4))


def _start(connector):
    SessionFactory(connector=connector, state=SessionState.ACTIVE, plugged_at=after(4), started_at=after(4))


def _cut(connector):
    limits.impose_limit(
        connector.circuit,
        limit_ma=PhaseMilliamps(10_000, 10_000, 10_000),
        actor=SYSTEM,
        reason="Work",
        now=after(4),
    )


def _guard(connector):
    DemandTarget.objects.create(community=connector.community, circuit=connector.circuit, target_w=10_000)


def _stray(connector):
    StrayDraw.objects.create(
        community=connector.community,
        connector=connector,
        current_l1_ma=9_000,
        source=DrawSource.CURRENT,
        drawn_at=after(4),
    )


def _queue_limit(connector):
    ChargerCommand.objects.create(
        community=connector.community,
        charge_point=connector.charge_point,
        connector=connector,
        kind=CommandKind.SET_LIMIT,
        state=CommandState.QUEUED,
        limit_ma=8_000,
        arguments={},
        queued_at=after(4),
        expires_at=after(60),
    )


def _add_connector(connector):
    ConnectorFactory(charge_point=connector.charge_point, circuit=connector.circuit, number=2)


NEWS = {
    "a car comes": _plug_in,
    "a transaction starts": _start,
    "a cut": _cut,
    "a target of billed power": _guard,
    "a current without a transaction": _stray,
    "a limit is queued": _queue_limit,
    "a connector is added": _add_connector,
    "a connector is retired": lambda _: Connector.objects.update(retired_at=after(4)),
    "another fallback is chosen": lambda _: Connector.objects.update(chosen_fallback_ma=0),
    "another fallback is confirmed": lambda _: Connector.objects.update(fallback_ma=0),
    "a connector fails": lambda _: Connector.objects.update(status="Faulted"),
    "a connector is rewired": lambda _: Connector.objects.update(phase_rotation="R"),
    "a limit is refused": lambda _: Connector.objects.update(refusals=1),
    "a connector gets out of control": lambda _: Connector.objects.update(uncontrollable_since=after(4)),
    "the socket is another": lambda _: ChargePoint.objects.update(connection_id=OTHER),
    "the socket is lost": lambda _: ChargePoint.objects.update(connection_id=None, online_until=None),
    "the state is forgotten": lambda _: Connector.objects.update(state_known_at=None),
    "a maximum is settled": lambda _: ChargePoint.objects.update(station_settled_ma=20_000),
    "the clock is wrong": lambda _: ChargePoint.objects.update(clock_skew_s=30),
    "a lesson about its make": lambda _: Make.objects.update(honours_duration=False),
    "a circuit is changed": lambda _: Circuit.objects.update(limit_l1_ma=20_000),
    "the cluster's settings are changed": lambda _: Cluster.objects.update(settle_s=30),
}


@pytest.mark.parametrize("news", NEWS)
def test_news_ends_the_rest(cluster, connector, news):
    assert rests(cluster)
    NEWS[news](connector)
    assert not rests(cluster)


WITHOUT_REST = {
    "a car charges": _start,
    "a cut is open": _cut,
    "billed power is guarded": _guard,
    "a current belongs to nobody": _stray,
    "a limit is on its way": _queue_limit,
    "too much was drawn": lambda _: Connector.objects.update(overdrawn_since=NOW),
    "the fallback is not confirmed": lambda _: Connector.objects.update(fallback_confirmed_at=None),
    "another fallback is chosen": lambda _: Connector.objects.update(chosen_fallback_ma=0),
    "a connector does not obey": lambda _: Connector.objects.update(uncontrollable_since=NOW, refusals=3),
    "something outranks our limits": lambda _: Connector.objects.update(uncontrollable_since=NOW),
    "its state is not known": lambda _: Connector.objects.update(state_known_at=None),
    "its state was said on another socket": lambda _: Connector.objects.update(told_connection_id=OTHER),
    "its maximum is outdated": lambda _: ChargePoint.objects.update(station_settled_ma=20_000),
    "it may hold a limit": lambda _: Connector.objects.update(doubts=[[8_000, after(900).timestamp()]]),
}


@pytest.mark.parametrize("why", WITHOUT_REST)
def test_no_rest_begins(connector, why):
    WITHOUT_REST[why](connector)
    cluster = connector.circuit.cluster
    for seconds in (6, 9, 12, 15):
        share_power(cluster.pk, now=after(seconds))
        assert not rests(cluster, seconds=seconds + 1)


def test_offline_charge_point_has_nothing_to_be_asked(connector):
    ChargePoint.objects.update(online_until=None)
    Connector.objects.update(fallback_confirmed_at=None, state_known_at=None)
    for seconds in (0, 3):
        share_power(connector.circuit.cluster_id, now=after(seconds))
    assert rests(connector.circuit.cluster)


def test_car_that_starts_unheard_has_its_limit_with_the_next_beat(cluster, connector):
    share_power(cluster.pk, now=after(6))
    _start(connector)
    Connector.objects.update(in_transaction=True, status="Charging")
    share_power(cluster.pk, now=after(9))
    assert ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT).count() == 1


def test_connector_that_falls_silent_is_asked_with_the_next_beat(cluster):
    """Its state counts as known for 25 seconds after the last sign of life."""
    for seconds in range(6, 28, 3):
        share_power(cluster.pk, now=after(seconds))
    assert not ChargerCommand.objects.filter(kind=CommandKind.TRIGGER).exists()
    share_power(cluster.pk, now=after(30))
    assert ChargerCommand.objects.filter(kind=CommandKind.TRIGGER).count() == 1


def test_lost_socket_is_said_with_the_next_beat(cluster):
    ChargePoint.objects.update(online_until=after(11))
    assert rests(cluster, seconds=9)
    share_power(cluster.pk, now=after(9))
    assert Allotment.objects.get().reason == "idle"
    share_power(cluster.pk, now=after(12))
    assert Allotment.objects.get().reason == "offline"


def test_room_of_what_settles_is_free_with_the_next_beat(connector):
    Connector.objects.update(settlings=[[16_000, after(20).timestamp(), [0, 1, 2]]])
    cluster = connector.circuit.cluster
    for seconds in (0, 3, 6):
        share_power(cluster.pk, now=after(seconds))
    assert rests(cluster, seconds=19.9)
    assert Connector.objects.get().reservation_ma == (16_000,) * 3
    assert not rests(cluster, seconds=20)
    share_power(cluster.pk, now=after(21))
    assert max(Connector.objects.get().reservation_ma) < 16_000


def test_event_and_stand_in_rebalance_whoever_rests(cluster):
    RebalanceRun.objects.all().delete()
    assert share_power(cluster.pk, now=after(6)) is None
    assert share_power(cluster.pk, now=after(6), trigger=RunTrigger.EVENT) is not None
    RebalanceRun.objects.all().delete()
    assert share_power(cluster.pk, now=after(9), stand_in="web-1 (process 7)") is not None
    assert Attendance.objects.get().stood_in_at == after(9)


def test_cluster_in_trouble_does_not_rest(cluster):
    BalanceTrouble.objects.create(
        community=cluster.community, cluster=cluster, step="record", error="Error", since=NOW, at=NOW
    )
    share_power(cluster.pk, now=after(6))
    assert not BalanceTrouble.objects.exists()


def test_retired_or_unknown_cluster_has_no_rest(cluster):
    Cluster.objects.update(retired_at=NOW)
    assert resting.look_at(cluster.pk, now=after(6)) == resting.Look()
    with pytest.raises(Cluster.DoesNotExist):
        share_power(cluster.pk, now=after(6))
