"""A promise once given is served first in every plan, whoever else wants power; as far as any plan could serve it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.solver import Problem, ShortageRule, solve
from tests.scheduling.solver.test_solve_properties import problems

QUICK = settings(max_examples=60, deadline=None, derandomize=True)


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


@QUICK
@given(st.data())
@pytest.mark.parametrize("rule", ShortageRule)
def test_promises_are_planned_first_whoever_else_wants_power(rule, data):
    problem = data.draw(problems(most_cars=8))
    shares = [data.draw(st.sampled_from((0.0, 0.0, 0.3, 0.5, 1.0))) for _ in problem.demands]
    problem = _promising(problem, shares, rule)
    best_wh = solve(_promises_alone(problem)).certificate.feasible_wh
    assert _kept_wh(problem) >= best_wh * 0.998 - 1


@QUICK
@given(st.data())
def test_promises_are_planned_first_where_phases_overlap(data):
    problem = data.draw(problems(phases=True, most_cars=8))
    shares = [data.draw(st.sampled_from((0.0, 0.0, 0.3, 0.5, 1.0))) for _ in problem.demands]
    problem = _promising(problem, shares, ShortageRule.FAIR)
    alone = _promises_alone(problem)
    best = solve(alone, thorough=True).certificate
    if best.planned_wh >= sum(each.promised_wh for each in problem.demands) * 0.999:
        assert _kept_wh(problem) >= best.planned_wh * 0.99 - 1
