import pytest
from django.db import connection

from evbalancer.life import apart
from evbalancer.life.plan import Plan
from evbalancer.life.play import Report

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="a server would copy its database")


@pytest.fixture(autouse=True)
def _lives(monkeypatch):
    def live(plan, *, to_first):
        if plan.seed == 3:
            raise ZeroDivisionError("no such world")
        return Report(plan, [], [], digest=f"life {plan.seed}", simulated_s=plan.hours, took_s=1)

    monkeypatch.setattr(apart, "live", live)
    # These lives leave the database alone, wherever it is.
    monkeypatch.setitem(connection.settings_dict, "NAME", ":memory:")


def test_each_plan_has_its_report_and_a_failure_is_one():
    told = dict(apart.live_all([Plan(seed=seed) for seed in range(1, 6)], jobs=2))
    assert sorted(plan.seed for plan in told) == [1, 2, 3, 4, 5]
    failed = [plan.seed for plan, report in told.items() if isinstance(report, apart.LifeFailedError)]
    assert failed == [3]
    assert "no such world" in str(told[Plan(seed=3)])
    assert {report.digest for plan, report in told.items() if plan.seed != 3} == {
        f"life {seed}" for seed in (1, 2, 4, 5)
    }


def test_no_more_live_at_once_than_jobs(monkeypatch):
    begun, most = [], []
    begin, end = apart._begin, apart._end

    def count_begin(plan, **options):
        begun.append(plan)
        most.append(len(begun))
        return begin(plan, **options)

    def count_end(told, child):
        begun.pop()
        return end(told, child)

    monkeypatch.setattr(apart, "_begin", count_begin)
    monkeypatch.setattr(apart, "_end", count_end)
    assert len(list(apart.live_all([Plan(seed=seed) for seed in range(10, 17)], jobs=3))) == 7
    assert max(most) == 3
