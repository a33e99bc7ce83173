"""A promise once given is served first in every plan, whoever else wants power; as far as any plan could serve it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.solver import Circuit, Demand, Problem, ShortageRule, solve
from scheduling.solver.plans.row_plan import RowPlan
from tests.examples import examples
from tests.scheduling.solver.test_solve_properties import problems

QUICK = examples(60)


def _promising(problem: Problem, shares: list[float], rule: ShortageRule) -> Problem:
    demands = tuple(
        replace(each, promised_wh=share * each.remaining_wh, emergency_min_ma=0)
        for each, share in zip(problem.demands, shares, strict=True)
    )
    return replace(problem, demands=demands, policy=replace(problem.policy, rule=rule))


def _promises_alone(problem: Problem) -> Problem:
    demands = tuple(replace(each, remaining_wh=each.promised_wh) for each in problem.demands)
    return replace(problem, demands=demands, expected=())


def _kept_wh(problem: Problem) -> float:
    planned = solve(problem).allotments
    return sum(min(planned[each.id].promise_wh, each.promised_wh) for each in problem.demands)


def _wanted_wh(problem: Problem, best_wh: float) -> float:
    """A plan is as exact as all that is wanted asks for, not the promises alone: some Wh at a site of a hundred watts."""
    return max(best_wh, sum(each.remaining_wh or 0.0 for each in problem.demands))


@QUICK
@given(st.data())
@pytest.mark.parametrize("rule", ShortageRule)
def test_promises_are_planned_first_whoever_else_wants_power(rule, data):
    problem = data.draw(problems(most_cars=8))
    shares = [data.draw(st.sampled_from((0.0, 0.0, 0.3, 0.5, 1.0))) for _ in problem.demands]
    problem = _promising(problem, shares, rule)
    best_wh = solve(_promises_alone(problem)).certificate.feasible_wh
    assert _kept_wh(problem) >= best_wh - 0.002 * _wanted_wh(problem, best_wh) - 1


@QUICK
@given(st.data())
@pytest.mark.parametrize("rule", ShortageRule)
def test_promises_are_planned_first_where_phases_overlap(rule, data):
    problem = data.draw(problems(phases=True, most_cars=8))
    shares = [data.draw(st.sampled_from((0.0, 0.0, 0.3, 0.5, 1.0))) for _ in problem.demands]
    problem = _promising(problem, shares, rule)
    alone = _promises_alone(problem)
    best = solve(alone, thorough=True).certificate
    if best.planned_wh >= sum(each.promised_wh for each in problem.demands) * 0.999:
        wanted_wh = _wanted_wh(problem, best.planned_wh)
        assert _kept_wh(problem) >= best.planned_wh - 0.01 * wanted_wh - 1


def _crowded(**promised_wh: float) -> Problem:
    """Twelve cars that all want 20 kWh by four hours from now, behind 20 A a phase."""
    demands = tuple(
        Demand(
            id=f"c{at:02}",
            circuit_id="k",
            phases=(at % 4,) if at % 4 < 3 else (0, 1, 2),
            max_ma=32_000,
            energy_wh=20_000,
            remaining_wh=20_000,
            promised_wh=promised_wh.get(f"c{at:02}", 0.0),
            depart_s=14_400,
        )
        for at in range(12)
    )
    return Problem((Circuit("k", limit_ma=(20_000,) * 3),), demands, period_s=900)


def test_promise_that_binds_is_planned_with_its_reserve_where_phases_overlap():
    """And one below the fair share changes nothing."""
    assert solve(_crowded(), thorough=True).allotments["c00"].promise_wh < 7_000
    one = solve(_crowded(c00=12_000.0), thorough=True).allotments
    two = solve(_crowded(c00=12_000.0, c05=2_000.0), thorough=True).allotments
    assert one["c00"].promise_wh == pytest.approx(12_000 * 1.05, rel=0.001)
    assert one["c05"].promise_wh > 4_000
    assert {key: each.promise_wh for key, each in two.items()} == {
        key: pytest.approx(each.promise_wh, abs=1) for key, each in one.items()
    }


def test_plan_with_promises_takes_as_many_rounds_as_one_without(monkeypatch):
    rounds = []
    sweep = RowPlan.sweep

    def counted(plan: RowPlan, *, backward: bool = True) -> float:
        rounds.append(backward)
        return sweep(plan, backward=backward)

    monkeypatch.setattr(RowPlan, "sweep", counted)
    solve(_crowded())
    without = len(rounds)
    solve(_crowded(c00=12_000.0, c01=12_000.0, c03=9_000.0))
    assert len(rounds) == 2 * without
