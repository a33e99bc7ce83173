"""Of an hour of long ago the tightest rebalance stays."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.db.batches import RowsMoved
from grid.domain.retention.periods import Kept, Periods, read_periods
from grid.domain.retention.rounds import clear_ledger
from grid.models import RetentionMark
from scheduling.domain.balancing.replay import replay_run
from scheduling.domain.balancing.thinning import runs_ledger
from scheduling.models import RebalanceRun
from tests.factories.grid import ClusterFactory

pytestmark = pytest.mark.django_db
HOUR = datetime(2026, 9, 1, 18, 0, tzinfo=UTC)
NOW = HOUR + timedelta(days=8)


@pytest.fixture
def cluster():
    return ClusterFactory()


def run(cluster, minute, *, cars_ma=0, reserved_ma=0, phase=0, **more):
    load = [0, 0, 0]
    load[phase] = cars_ma
    return RebalanceRun.objects.create(
        community=cluster.community,
        cluster=cluster,
        at=HOUR + timedelta(minutes=minute),
        trigger="beat",
        duration_ms=1,
        inputs=b"packed",
        figures={
            "main": [[63_000] * 3, [10_000] * 3, load, [reserved_ma] * 3],
            "panel": [[99_000] * 3, [0] * 3, [0] * 3, [0] * 3],
        },
        decisions=[{"minute": minute}],
        **more,
    )


def thin(*, now=NOW):
    RetentionMark.objects.all().delete()
    return clear_ledger(runs_ledger(read_periods(Kept.RUNS, now=now)), now=now, ends_s=math.inf)


def minutes():
    return [int((each.at - HOUR).total_seconds()) // 60 for each in RebalanceRun.objects.order_by("at")]


def test_run_with_the_least_room_stays(cluster):
    run(cluster, 1)
    run(cluster, 20, cars_ma=30_000, phase=2)
    run(cluster, 40, reserved_ma=29_000)
    run(cluster, 61)
    assert thin() == 2
    assert minutes() == [20, 61]


def test_what_stays_tells_its_figures_and_that_it_cannot_be_replayed(cluster):
    kept = run(cluster, 1)
    thin()
    kept.refresh_from_db()
    assert (kept.decisions, kept.figures["main"][0]) == ([{"minute": 1}], [63_000] * 3)
    assert bytes(kept.inputs) == b""
    assert replay_run(kept) is None


def test_young_runs_stay_whole(cluster):
    whole = [run(cluster, minute) for minute in (1, 2)]
    assert thin(now=HOUR + timedelta(days=6)) == 0
    assert [bytes(row.inputs) for row in RebalanceRun.objects.all()] == [b"packed"] * len(whole)


def test_run_whose_plan_was_refused_stays_whole(cluster):
    run(cluster, 1)
    run(cluster, 2, safe_plan=True, violations=["too much"])
    run(cluster, 3)
    assert thin() == 1
    refused = RebalanceRun.objects.get(safe_plan=True)
    assert bytes(refused.inputs) == b"packed"
    assert minutes() == [1, 2]
    assert thin() == 0


def test_hour_that_is_parted_by_batches_keeps_one(cluster):
    for minute in range(60):
        run(cluster, minute, cars_ma=1_000 * (minute % 50))
    ledger = runs_ledger(Periods({cluster.community_id: NOW}))
    while (batch := ledger.find(None, 7)).rows:
        ledger.clear(batch.rows)
    assert minutes() == [49]


def test_clusters_have_hours_of_their_own(cluster):
    run(cluster, 1)
    run(ClusterFactory(community=cluster.community), 2)
    assert thin() == 0
    assert minutes() == [1, 2]


def test_run_that_is_gone_meanwhile_stops_its_batch(cluster):
    run(cluster, 1, cars_ma=30_000)
    run(cluster, 2)
    ledger = runs_ledger(Periods({cluster.community_id: NOW}))
    batch = ledger.find(None, 10)
    RebalanceRun.objects.filter(at=HOUR + timedelta(minutes=2)).delete()
    with pytest.raises(RowsMoved):
        ledger.clear(batch.rows)
