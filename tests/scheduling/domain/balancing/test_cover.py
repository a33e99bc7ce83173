"""Promise E7, second half: a cut is taken, in force only when it holds whatever fails, and says what it lacks without contact."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from chargers.domain.limits import limits as charger_limits
from chargers.domain.orders import delivery
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Make, Session
from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry, Circuit, LoadCurve, TemporaryLimit
from scheduling.domain.balancing.rebalance import share_power
from tests.asserts.http import client_of
from tests.e2e import site
from tests.factories.drivers import manager_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise("E7")]
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
NOTICE, LEASE, LATE = timedelta(seconds=30), timedelta(seconds=120), timedelta(seconds=20)


@pytest.fixture
def built() -> site.Built:
    built = site.build()
    good = Make.objects.create(vendor="Good", model="One", honours_relative=True, honours_duration=True)
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1), make=good)
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    return built


def _charging(identity: str, limit_ma: int, *, until: datetime) -> Session:
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
        confirmed_ma=limit_ma, confirmed_at=NOW, confirmed_end_at=until
    )
    return session


def _impose(built: site.Built, limit_ma: int, **options: datetime) -> TemporaryLimit:
    low = PhaseMilliamps(limit_ma, limit_ma, limit_ma)
    return limits.impose_limit(
        built.transformer, limit_ma=low, reason="Heat", actor=SYSTEM, now=NOW, **options
    )


def test_cut_above_what_flows_is_in_force_after_the_notice(built: site.Built) -> None:
    _charging("B1", 16_000, until=NOW + LEASE)
    # 16 A for the car, 8 A for the building and 1 A of margin.
    cut = _impose(built, 25_000)
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 0)


def test_cut_below_what_was_granted_is_in_force_when_the_lease_is_over_or_the_cut_confirmed(
    built: site.Built,
) -> None:
    _charging("B1", 32_000, until=NOW + LEASE)
    cut = _impose(built, 25_000)
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + LEASE + LATE, 0)
    share_power(built.cluster.pk, now=NOW)
    command = ChargerCommand.objects.get(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    command.state = CommandState.SENT
    command.save()
    cut.refresh_from_db()
    assert cut.effective_at == NOW + LEASE + LATE
    delivery.record_answer(command.pk, state=CommandState.ACCEPTED, now=NOW + timedelta(seconds=5))
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=6))
    cut.refresh_from_db()
    # Accepted; the car has 17 s to follow, and the notice is kept.
    assert cut.effective_at == NOW + NOTICE


def test_charger_that_is_offline_delays_the_cut_until_its_lease_has_lapsed(built: site.Built) -> None:
    _charging("B1", 32_000, until=NOW + timedelta(seconds=80))
    ChargePoint.objects.filter(identity="B1").update(online_until=NOW)
    cut = _impose(built, 25_000)
    assert cut.effective_at == NOW + timedelta(seconds=80) + LATE
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=60))
    cut.refresh_from_db()
    assert cut.effective_at == NOW + timedelta(seconds=80) + LATE


def test_cut_below_the_fallbacks_is_taken_and_names_the_missing_amperes(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity__in=["A4", "B5"]).update(
        chosen_fallback_ma=10_000, fallback_ma=10_000, fallback_wait_s=300, state_known_at=NOW
    )
    cut = _impose(built, 25_000)
    # 20 A of fallbacks, 8 A for the building and 1 A of margin.
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 4_000)
    [entry] = AuditEntry.objects.filter(action="limit.imposed")
    assert entry.after["uncovered_ma"] == 4_000
    Connector.objects.filter(charge_point__identity="B5").update(chosen_fallback_ma=0, fallback_ma=0)
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=5))
    cut.refresh_from_db()
    assert cut.uncovered_ma == 0


def test_charger_without_a_default_leaves_a_cut_uncovered_by_its_nameplate(built: site.Built) -> None:
    Connector.objects.filter(charge_point__identity="B1").update(fallback_ma=None)
    cut = _impose(built, 25_000)
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 16_000)


def test_cut_that_ends_before_it_can_be_relied_on_is_uncovered_by_all_that_may_flow(
    built: site.Built,
) -> None:
    _charging("B1", 32_000, until=NOW + LEASE)
    ChargePoint.objects.filter(identity="B1").update(online_until=NOW)
    cut = _impose(built, 25_000, until=NOW + timedelta(seconds=90))
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 16_000)


def test_cut_of_a_building_that_takes_more_by_itself_asks_nothing_of_cars_that_are_not_there(
    built: site.Built,
) -> None:
    cut = _impose(built, 5_000)
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 0)


def test_api_and_admin_say_what_is_missing(built: site.Built, client) -> None:
    manager = manager_of(built.cluster.community)
    fallbacks = {"chosen_fallback_ma": 10_000, "fallback_ma": 10_000}
    Connector.objects.filter(charge_point__identity__in=["A4", "B5"]).update(**fallbacks)
    body = {"circuit_id": str(built.transformer.pk), "pct": 20, "reason": "Heat"}
    imposed = client_of(manager).post("/grid/limits", body, format="json").json()
    # 20 % of 75 A; untried chargers may take their fallback at any moment.
    assert imposed["uncovered_ma"] == 14_000
    manager.is_staff = True
    manager.save()
    client.force_login(manager)
    page = client.get("/admin/grid/temporarylimit/").content.decode()
    assert "not covered: 14 A missing" in page
    assert timezone.now() < TemporaryLimit.objects.get().effective_at


def test_building_that_rises_by_its_curve_later_leaves_a_cut_uncovered(built: site.Built) -> None:
    """It takes 8 A now and 30 A at night, when a charger without a fallback may still draw its nameplate."""
    Circuit.objects.update(base_load_max_l1_ma=0, base_load_max_l2_ma=0, base_load_max_l3_ma=0)
    curve = [8_000] * 12 + [30_000] * 4 + [8_000] * 80
    LoadCurve.objects.create(
        circuit=built.transformer, community=built.cluster.community, l1_ma=curve, l2_ma=curve, l3_ma=curve
    )
    Connector.objects.filter(charge_point__identity="B1").update(fallback_ma=None)
    cut = _impose(built, 25_000)
    # The night leaves cars nothing beneath 25 A.
    assert (cut.effective_at, cut.uncovered_ma) == (NOW + NOTICE, 32_000)
