"""Cars that take more than they may (promise E10), and chargers whose state nobody knows."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from chargers.domain.limits import limits as charger_limits
from chargers.domain.metering import meter
from chargers.domain.metering.meter_book import MeterBook
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample
from drivers.enums import NotificationKind, Role
from drivers.models import Membership, Notification
from evbalancer.common.units import PhaseMilliamps
from evbalancer.dashboard.live.facts import gather
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Circuit
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import BalanceTrouble
from tests.e2e import site
from tests.factories.drivers import DriverFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
SOCKET = uuid4()


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    good = Make.objects.create(vendor="Good", model="One", honours_relative=True, honours_duration=True)
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), make=good, connection_id=SOCKET)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    return built


def _charging(identity: str, *, limit_ma: int) -> Session:
    connector = Connector.objects.get(charge_point__identity=identity)
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=NOW,
        plugged_at=NOW,
        started_at=NOW,
        transaction_id=1,
    )
    charger_limits.transaction_started(session, now=NOW)
    Connector.objects.filter(pk=connector.pk).update(
        confirmed_ma=limit_ma, confirmed_at=NOW, confirmed_end_at=NOW + timedelta(hours=1)
    )
    return session


def _keep_down(limit_ma: int) -> None:
    """So that the balancer has no more to give than the car holds already."""
    panel = Circuit.objects.get(name="Panel B")
    low = PhaseMilliamps(*[limit_ma + panel.cluster.margin_ma] * 3)
    limits.impose_limit(panel, limit_ma=low, reason="Test", actor=SYSTEM, now=NOW)


def _measure(session: Session, current_ma: int, *, at: datetime) -> Connector:
    Session.objects.filter(pk=session.pk).update(current_l1_ma=current_ma, metered_at=at)
    share_power(session.connector.charge_point.cluster_id, now=at)
    return Connector.objects.get(pk=session.connector_id)


@pytest.mark.promise("E10")
def test_overdraw_is_reserved_after_20_seconds_and_stopped_after_60(built: site.Built) -> None:
    _keep_down(10_000)
    session = _charging("B1", limit_ma=10_000)
    at = NOW + timedelta(seconds=30)
    assert _measure(session, 16_000, at=at).overdraw_ma is None
    assert _measure(session, 16_000, at=at + timedelta(seconds=19)).overdraw_ma is None
    reserved = _measure(session, 16_000, at=at + timedelta(seconds=20))
    assert (reserved.overdraw_ma, reserved.reservation_l1_ma) == (16_000, 16_000)
    stops = ChargerCommand.objects.filter(kind=CommandKind.REMOTE_STOP, session=session)
    assert not stops.exists()
    for second in (60, 65):
        _measure(session, 16_000, at=at + timedelta(seconds=second))
    assert stops.count() == 1


@pytest.mark.promise("E10")
def test_page_calls_disobedient_what_the_balancer_does_not_allow_and_nothing_else(built: site.Built) -> None:
    def shown(session: Session, *, at: datetime) -> tuple[str, bool]:
        (row,) = [row for row in gather(built.cluster, now=at).places if row.connector == session.connector]
        return str(row.state), row.needs_a_person

    _keep_down(10_000)
    session = _charging("B1", limit_ma=10_000)
    connector = Connector.objects.filter(pk=session.connector_id)
    at = NOW + timedelta(seconds=30)
    # A limit of 16 A was sent and never answered: its charger may hold that.
    connector.update(doubts=[[16_000, (at + timedelta(minutes=5)).timestamp()]])
    for second in (0, 30, 60):
        assert _measure(session, 16_000, at=at + timedelta(seconds=second)).overdraw_ma is None
        assert shown(session, at=at + timedelta(seconds=second)) == ("charging", False)
    connector.update(doubts=[])
    for second, state in ((65, "charging"), (75, "charging"), (85, "not obeying")):
        _measure(session, 16_000, at=at + timedelta(seconds=second))
        assert shown(session, at=at + timedelta(seconds=second)) == (state, state == "not obeying")


@pytest.mark.promise("E10")
def test_managers_are_told_of_each_overdraw_once(built: site.Built) -> None:
    community = built.cluster.community
    manager = DriverFactory(community=community, email="manager@example.org")
    driver = DriverFactory(community=community)
    Membership.objects.create(user=manager.user, community=community, role=Role.MANAGER)
    elsewhere = DriverFactory(user=manager.user)
    _keep_down(10_000)
    session = _charging("B1", limit_ma=10_000)
    for second in (30, 50, 55):
        _measure(session, 16_000, at=NOW + timedelta(seconds=second))
    told = Notification.objects.get(kind=NotificationKind.OVERDRAW)
    assert (told.driver, told.told.split(".")[0]) == (
        manager,
        f"The car at {session.connector} draws 16 A where 10 A are allowed",
    )
    # The mail is the alarm's.
    assert told.mail_due_at is None
    assert AuditEntry.objects.filter(action="charge_point.overdrawn").count() == 1
    _measure(session, 10_000, at=NOW + timedelta(seconds=60))
    for second in (70, 90):
        _measure(session, 16_000, at=NOW + timedelta(seconds=second))
    assert manager.notifications.count() == 2
    others = Notification.objects.filter(driver__in=[driver, elsewhere])
    assert not others.exists()


@pytest.mark.promise("E10")
@pytest.mark.parametrize(("limit_ma", "drawn_ma"), [(10_000, 11_000), (20_000, 22_000)])
def test_draw_within_1_a_or_10_percent_is_no_overdraw(
    built: site.Built, limit_ma: int, drawn_ma: int
) -> None:
    _keep_down(limit_ma)
    session = _charging("B1", limit_ma=limit_ma)
    assert _measure(session, drawn_ma, at=NOW + timedelta(seconds=30)).overdrawn_since is None


@pytest.mark.promise("E10")
def test_overdraw_is_forgotten_when_the_car_obeys_again(built: site.Built) -> None:
    _keep_down(10_000)
    session = _charging("B1", limit_ma=10_000)
    for second in (30, 50):
        _measure(session, 16_000, at=NOW + timedelta(seconds=second))
    obedient = _measure(session, 10_000, at=NOW + timedelta(seconds=60))
    assert (obedient.overdraw_ma, obedient.overdrawn_since) == (None, None)


@pytest.mark.promise("E6")
def test_idle_connector_with_a_fallback_is_asked_for_its_state_and_costs_it_meanwhile(
    built: site.Built,
) -> None:
    waiting = Connector.objects.filter(charge_point__identity="B1")
    waiting.update(chosen_fallback_ma=6_000, fallback_ma=6_000, fallback_wait_s=300)
    share_power(built.cluster.pk, now=NOW)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=5))
    asked = ChargerCommand.objects.get(kind=CommandKind.TRIGGER)
    assert (asked.connector, asked.arguments) == (
        waiting.get(),
        {"message": "StatusNotification", "extended": False},
    )
    assert waiting.get().reservation_l1_ma == 6_000
    charger_limits.status_told(waiting.get(), connection_id=SOCKET, now=NOW + timedelta(seconds=6))
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=30))
    assert waiting.get().reservation_l1_ma == 0
    assert ChargerCommand.objects.filter(kind=CommandKind.TRIGGER).count() == 1


@pytest.mark.promise("E13")
def test_limit_is_a_lease_that_is_renewed_at_half_time(built: site.Built) -> None:
    session = _charging("B1", limit_ma=0)
    share_power(built.cluster.pk, now=NOW)
    lease = ChargerCommand.objects.get(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    assert (lease.session, lease.limit_ma, lease.ends_at) == (session, 32_000, NOW + timedelta(seconds=120))
    assert lease.arguments["ends_at"] == lease.ends_at.timestamp()
    lease.state = CommandState.SENT
    lease.save()
    delivery.record_answer(lease.pk, state=CommandState.ACCEPTED, now=NOW)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=55))
    assert not ChargerCommand.objects.filter(state=CommandState.QUEUED, kind=CommandKind.SET_LIMIT).exists()
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=60))
    renewal = ChargerCommand.objects.get(state=CommandState.QUEUED, kind=CommandKind.SET_LIMIT)
    assert (renewal.limit_ma, renewal.ends_at) == (32_000, NOW + timedelta(seconds=180))


@pytest.mark.promise("E13")
def test_lease_that_nobody_renewed_ends_in_the_fallback(built: site.Built) -> None:
    session = _charging("B1", limit_ma=16_000)
    ChargePoint.objects.filter(identity="B1").update(online_until=NOW)
    Connector.objects.filter(pk=session.connector_id).update(confirmed_end_at=NOW + timedelta(seconds=120))
    for second, reserved_ma in ((139, 16_000), (140, 0)):
        share_power(built.cluster.pk, now=NOW + timedelta(seconds=second))
        assert Connector.objects.get(pk=session.connector_id).reservation_l1_ma == reserved_ma
    assert Connector.objects.get(pk=session.connector_id).confirmed_ma is None


def _measure_power(session: Session, power_w: int, *, at: datetime) -> Connector:
    """As the writer of meter values stores a meter that tells power alone."""
    station = session.connector.charge_point
    report = MeterReport(
        source=Source(station.pk, station.cluster_id, station.community_id, uuid4()),
        received_at=at,
        connector_number=session.connector.number,
        transaction_id=None,
        samples=(Sample(at, power_w=power_w),),
        payload={},
    )
    with transaction.atomic():
        meter.take_meter_values([report], MeterBook())
    share_power(station.cluster_id, now=at)
    return Connector.objects.get(pk=session.connector_id)


@pytest.mark.promise("E16")
def test_overdraw_is_seen_where_only_power_is_measured(built: site.Built) -> None:
    _keep_down(18_000)
    session = _charging("B1", limit_ma=18_000)
    for second in (30, 40, 50, 90):
        connector = _measure_power(session, 7_360, at=NOW + timedelta(seconds=second))
    assert (connector.overdraw_ma, connector.reservation_l1_ma) == (32_000, 32_000)
    assert ChargerCommand.objects.filter(kind=CommandKind.REMOTE_STOP, session=session).count() == 1


@pytest.mark.promise("E16")
def test_flow_after_a_stop_is_reserved_told_and_forgotten_when_it_ends(built: site.Built) -> None:
    community = built.cluster.community
    manager = DriverFactory(community=community)
    Membership.objects.create(user=manager.user, community=community, role=Role.MANAGER)
    session = _charging("B1", limit_ma=18_000)
    Session.objects.filter(pk=session.pk).update(state=SessionState.FINISHED)
    charger_limits.transaction_ended(session, now=NOW)
    Connector.objects.filter(pk=session.connector_id).update(status=ConnectorStatus.FINISHING)
    for second in (60, 70, 80):
        connector = _measure_power(session, 7_360, at=NOW + timedelta(seconds=second))
    assert (connector.overdraw_ma, connector.reservation_ma) == (32_000, (32_000, 0, 0))
    told = Notification.objects.get(kind=NotificationKind.OVERDRAW)
    assert told.told.startswith(f"32 A flow at {session.connector} although nobody is charging there")
    assert not ChargerCommand.objects.filter(kind=CommandKind.REMOTE_STOP).exists()
    obedient = _measure_power(session, 0, at=NOW + timedelta(seconds=90))
    assert (obedient.overdraw_ma, obedient.reservation_ma) == (None, (0, 0, 0))


@pytest.mark.promise("E16")
@pytest.mark.parametrize(("status", "kept_ma"), [("Available", None), ("Finishing", 32_000)])
def test_flow_that_is_measured_no_more_is_forgotten_when_the_car_has_gone(
    built: site.Built, status: str, kept_ma: int | None
) -> None:
    session = _charging("B1", limit_ma=18_000)
    Session.objects.filter(pk=session.pk).update(state=SessionState.FINISHED)
    charger_limits.transaction_ended(session, now=NOW)
    connectors = Connector.objects.filter(pk=session.connector_id)
    connectors.update(status=ConnectorStatus.FINISHING)
    for second in (60, 70, 80):
        _measure_power(session, 7_360, at=NOW + timedelta(seconds=second))
    connectors.update(status=status)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=200))
    assert connectors.get().overdraw_ma == kept_ma


@pytest.mark.promise("E16")
def test_others_are_cut_for_what_flows_without_a_transaction(built: site.Built) -> None:
    _keep_down(20_000)
    idle = _charging("B1", limit_ma=18_000)
    Session.objects.filter(pk=idle.pk).update(state=SessionState.FINISHED)
    charger_limits.transaction_ended(idle, now=NOW)
    Session.objects.filter(pk=idle.pk).update(transaction_id=2)
    other = Connector.objects.exclude(pk=idle.connector_id).filter(circuit=idle.connector.circuit).first()
    Connector.objects.filter(pk=other.pk).update(phase_rotation=idle.connector.phase_rotation)
    session = _charging(other.charge_point.identity, limit_ma=20_000)
    for second in (60, 70, 80):
        _measure_power(idle, 7_360, at=NOW + timedelta(seconds=second))
    cut = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, session=session).latest("queued_at")
    assert cut.limit_ma <= 8_000


def test_station_whose_wiring_was_changed_is_told_its_maximum_again(built):
    ChargePoint.objects.filter(identity="A1").update(station_settled_ma=1_000)
    share_power(built.cluster.pk, now=NOW, trigger="test")
    told = ChargerCommand.objects.get(kind=CommandKind.SET_STATION_LIMIT)
    assert (told.charge_point.identity, told.arguments["limit_ma"]) == ("A1", 32_000)


def test_station_on_a_retired_circuit_fails_no_step_of_the_rebalance(built):
    ChargePoint.objects.filter(identity="A1").update(station_settled_ma=32_000)
    Circuit.objects.filter(name="Panel A").update(retired_at=NOW)
    session = _charging("B1", limit_ma=0)
    share_power(built.cluster.pk, now=NOW, trigger="test")
    assert not BalanceTrouble.objects.exists()
    assert ChargerCommand.objects.get(kind=CommandKind.SET_LIMIT).session == session
    assert not ChargerCommand.objects.filter(kind=CommandKind.SET_STATION_LIMIT).exists()
