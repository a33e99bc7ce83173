"""How a drill judges: what counts as broken, and from when on a cut does."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from chargers.simulator.plant.connector import Transaction
from evbalancer.ops.drill import books, place
from evbalancer.ops.drill.report import CircuitReport, Cut, Messages, Outage, Report, Survived
from grid.domain import limits
from grid.domain.audit import SYSTEM
from grid.models import Circuit, TemporaryLimit
from scheduling.domain.balancing.rebalance import share_power
from tests.factories.grid import CircuitFactory


def test_report_names_everything_that_did_not_hold() -> None:
    report = Report(
        seed=1,
        circuits=[CircuitReport("Panel A", 40_000, (40_000, 40_001, 0)), CircuitReport("Panel B", 40_000)],
        cuts=[
            Cut("Panel A", 20_000, 0, effective_at=10, lifted_at=20, peak_ma=(0, 0, 20_001)),
            Cut("Panel B", 20_000, 6_000, effective_at=10, lifted_at=20, peak_ma=(26_000, 0, 0)),
        ],
        outages=[
            Outage("Redis", "stop", 20, recovered_s=31),
            Outage("Redis", "kill", 20, recovered_s=None),
            Outage("Redis", "freeze", 20, recovered_s=1, requests_meanwhile=5),
            Outage("PostgreSQL", "stop", 20, recovered_s=1, requests_meanwhile=1),
            Outage("PostgreSQL", "kill", 20, recovered_s=1, above_fallback=["A1"]),
        ],
        messages=Messages(transactions_lost=1),
        survived=[
            Survived("worker killed", 1, balanced_s=2, all_back_s=1),
            Survived("deploy", 1, balanced_s=2),
            Survived("workers away", 20, balanced_s=2, all_back_s=1, must_balance_meanwhile=True),
        ],
        ended_by_itself=["beat"],
        not_back=["B6"],
    )
    assert report.broken == [
        "the limit of Panel A",
        "a temporary limit of Panel A",
        "the outage of Redis (stop)",
        "the outage of Redis (kill)",
        "the outage of PostgreSQL (stop)",
        "the outage of PostgreSQL (kill)",
        "deploy",
        "workers away",
        "beat ended unexpectedly",
        "B6 did not come back",
        "messages of transactions were lost",
    ]
    assert str(report).endswith("BROKEN: " + "; ".join(report.broken))


def test_lost_notifications_break_nothing() -> None:
    assert not Report(seed=1, messages=Messages(from_chargers=9, unanswered_by_server=9)).is_broken


@pytest.mark.django_db
def test_cut_is_judged_from_the_moment_at_which_it_is_in_force() -> None:
    now = timezone.now()
    built = place.build(now=now)
    circuit = Circuit.objects.get(pk=built.circuits["Panel A"])
    judged, never_in_force = (
        limits.impose_limit(circuit, pct=50, reason="Drill", actor=SYSTEM, now=now) for _ in range(2)
    )
    TemporaryLimit.objects.filter(pk=judged.pk).update(effective_at=now + timedelta(seconds=30))
    limits.lift_limit(never_in_force, actor=SYSTEM, now=now + timedelta(seconds=5))
    [cut] = books._cuts(built, until=(now + timedelta(seconds=90)).timestamp())
    assert (cut.circuit, cut.limit_ma, cut.seconds) == ("Panel A", place.PANEL_MA // 2, 60)


def test_transaction_is_kept_with_its_end() -> None:
    begun = Transaction(connector_id=1, id_tag="T", started_at=0, meter_start_wh=0, server_id=7)
    unheard = Transaction(connector_id=1, id_tag="T", started_at=0, meter_start_wh=0)
    assert books._is_kept(begun, {7: None}, is_over=False)
    assert not books._is_kept(begun, {7: None}, is_over=True)
    assert books._is_kept(begun, {7: timezone.now()}, is_over=True)
    assert not books._is_kept(unheard, {7: None}, is_over=False)


@pytest.mark.django_db
def test_drill_is_not_held_beside_somebody_who_balances_with_other_leases() -> None:
    share_power(CircuitFactory().cluster_id, now=timezone.now())
    with pytest.raises(CommandError, match="stop servers and workers"):
        call_command("drill", "--quick", "--json")
