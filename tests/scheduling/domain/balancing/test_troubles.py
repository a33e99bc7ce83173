"""Statistics, bills, messages and pages never veto a limit, and what fails is reported at once."""

from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.limits import limits as charger_limits
from chargers.enums import CommandKind, CommandState, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from evbalancer.dashboard.live import cut as button
from evbalancer.dashboard.live.facts import gather
from evbalancer.dashboard.live.overview import alerts
from evbalancer.ops import health
from fleet.domain import stays
from grid.domain import demand as metering
from grid.domain.audit import SYSTEM
from grid.models import Circuit, Cluster, Community, DemandTarget
from scheduling.domain.balancing import allotments, attendance, cover, demand, replay, timeline, watch
from scheduling.domain.balancing import rebalance as balancing
from scheduling.domain.balancing.rebalance import share_power
from scheduling.domain.learning import fairness
from scheduling.domain.telling import notices
from scheduling.enums import BalanceStep
from scheduling.models import BalanceTrouble, RebalanceRun
from tests.e2e import site

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)
BESIDE = [
    (metering, "store_intervals", BalanceStep.BILLED_PEAK),
    (demand, "read_guards", BalanceStep.BILLED_PEAK),
    (fairness, "ledger_weights", BalanceStep.WEIGHTS),
    (stays, "full_sessions", BalanceStep.CARS),
    (watch, "ask_the_unmanaged", BalanceStep.FALLBACKS),
    (watch, "ask_for_states", BalanceStep.QUESTIONS),
    (cover, "update_cover", BalanceStep.COVER),
    (allotments, "store_allotments", BalanceStep.REASONS),
    (attendance, "note_run", BalanceStep.RECORD),
    (replay, "pack_problem", BalanceStep.RECORD),
    (timeline, "count_figures", BalanceStep.RECORD),
]


@pytest.fixture
def built() -> site.Built:
    """B1 charges on 32 A with a billed peak far above it."""
    built = site.build()
    ChargePoint.objects.update(online_until=NOW + timedelta(days=1))
    Connector.objects.update(fallback_ma=0, fallback_confirmed_at=NOW, status=ConnectorStatus.AVAILABLE)
    tenant = {"community": built.cluster.community, "circuit": built.transformer}
    DemandTarget.objects.create(**tenant, target_w=60_000)
    connector = Connector.objects.select_related("charge_point__cluster").get(charge_point__identity="B1")
    Connector.objects.filter(pk=connector.pk).update(status=ConnectorStatus.CHARGING)
    session = Session.objects.create(
        community_id=connector.community_id, connector=connector, state=SessionState.ACTIVE,
        state_since=NOW, plugged_at=NOW, started_at=NOW, transaction_id=1,
    )  # fmt: skip
    charger_limits.transaction_started(session, now=NOW)
    return built


def fails(*_: object, **__: object) -> object:
    """As a database refuses: on PostgreSQL nothing of the transaction can be used afterwards."""
    taken = Community.objects.values_list("slug", flat=True)[0]
    return Community.objects.create(name="Twice", slug=taken)


def sent_ma() -> dict[str, int]:
    rows = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED)
    return {row.connector.charge_point.identity: row.limit_ma for row in rows}


def troubles() -> dict[str, tuple[str, int]]:
    return {row.step: (row.error, row.times) for row in BalanceTrouble.objects.all()}


@pytest.mark.promise("E18")
@pytest.mark.parametrize(("module", "name", "step"), BESIDE, ids=[name for _, name, _ in BESIDE])
def test_failing_step_beside_a_rebalance_changes_no_limit_and_is_reported(
    built: site.Built, monkeypatch: pytest.MonkeyPatch, module: object, name: str, step: BalanceStep
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(module, name, fails)
        share_power(built.cluster.pk, now=NOW)
        assert sent_ma() == {"B1": 32_000}
        assert troubles() == {step: ("IntegrityError", 1)}
        share_power(built.cluster.pk, now=NOW + timedelta(seconds=3))
        assert troubles() == {step: ("IntegrityError", 2)}
        assert health.tell_balancer(NOW + timedelta(seconds=3)) == f"fails beside limits: {step}"
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=6))
    assert troubles() == {}


@pytest.mark.promise("E18")
@pytest.mark.parametrize(
    ("module", "name", "step"), [*BESIDE, (notices, "power_cut", "")], ids=lambda value: str(value)[:30]
)
def test_cut_reaches_charge_points_whatever_fails_beside_it(
    built: site.Built, monkeypatch: pytest.MonkeyPatch, module: object, name: str, step: str
) -> None:
    monkeypatch.setattr(module, name, fails)
    Circuit.objects.update(base_load_max_l1_ma=0)
    Circuit.objects.filter(pk=built.transformer.pk).update(limit_l1_ma=20_000)
    cluster = Cluster.objects.select_related("community").get()
    button.cut(cluster, actor=SYSTEM, now=NOW)
    share_power(cluster.pk, now=NOW)
    assert sent_ma()["B1"] <= 10_000


@pytest.mark.promise("E18")
def test_rebalance_that_fails_is_reported_until_one_succeeds(
    built: site.Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(balancing, "_send", fails)
        for seconds in (0, 3):
            with pytest.raises(Exception, match=r"UNIQUE|unique"):
                share_power(built.cluster.pk, now=NOW + timedelta(seconds=seconds))
    assert troubles() == {BalanceStep.REBALANCE: ("IntegrityError", 2)}
    assert BalanceTrouble.objects.get().since == NOW
    assert not RebalanceRun.objects.exists()
    assert health.tell_balancer(NOW) == "fails"
    shown = {alert["id"]: alert for alert in alerts(gather(Cluster.objects.get(), now=NOW))}
    assert (
        shown["trouble-rebalance"]["text"] == "Balancing fails: limits don't change, and granted power lapses"
    )
    assert shown["trouble-rebalance"]["urgent"]
    share_power(built.cluster.pk, now=NOW + timedelta(seconds=6))
    assert troubles() == {}
    assert health.tell_balancer(NOW) == "ok"


def test_retired_cluster_is_no_failure(built: site.Built) -> None:
    Cluster.objects.update(retired_at=NOW)
    with pytest.raises(Cluster.DoesNotExist):
        share_power(built.cluster.pk, now=NOW)
    assert troubles() == {}
