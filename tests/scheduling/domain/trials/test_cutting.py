"""A cut is told before it is made: four cars on 32 A, and what half of it leaves of them."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.domain.balancing.replay import pack_problem
from scheduling.domain.trials.cutting import CutEffect, foresee_cut
from scheduling.models import RebalanceRun
from scheduling.solver import Circuit, Demand, Policy, Problem

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def run_of(*demands: Demand, root_ma: int = 32_000, at: datetime = NOW, **fields: object) -> RebalanceRun:
    problem = Problem(
        circuits=(
            Circuit("root", limit_ma=(root_ma,) * 3),
            Circuit("panel", "root", limit_ma=(root_ma,) * 3),
        ),
        demands=demands,
        policy=Policy(minimum_first=True),
        period_s=900,
    )
    return RebalanceRun(at=at, inputs=pack_problem(problem).inputs, **fields)


def car(name: str, **fields: object) -> Demand:
    return Demand(name, "panel", **({"current_ma": 8_000, "remaining_wh": 20_000} | fields))


def test_cut_to_half_pauses_who_has_no_minimum_left_and_slows_the_rest() -> None:
    # 32 A are 8 A each; of 16 A two have 8 A. 40 A are 10 A each, and 20 A are three minimums: 7, 7 and 6 A.
    assert foresee_cut(run_of(*map(car, "abcd")), pct=50, booked=(), now=NOW) == CutEffect(2, 0, 0)
    wide = run_of(*(car(name, current_ma=10_000) for name in "abcd"), root_ma=40_000)
    assert foresee_cut(wide, pct=50, booked=(), now=NOW) == CutEffect(1, 3, 0)


def test_only_who_asked_for_a_time_can_be_late() -> None:
    # 11 kW for an hour are there, 5.5 kW are not enough for both.
    cars = [car(name, remaining_wh=5_000, depart_s=3_600) for name in "ab"]
    assert foresee_cut(run_of(*cars, root_ma=16_000), pct=50, booked={"a", "b"}, now=NOW) == CutEffect(
        1, 0, 2
    )
    assert foresee_cut(run_of(*cars, root_ma=16_000), pct=50, booked=(), now=NOW) == CutEffect(1, 0, 0)


def test_cut_that_takes_nothing_from_anybody_says_so() -> None:
    cars = [car("a", current_ma=6_000, max_ma=6_000)]
    assert foresee_cut(run_of(*cars), pct=50, booked={"a"}, now=NOW) == CutEffect(0, 0, 0)


@pytest.mark.parametrize(
    "run",
    [
        None,
        run_of(car("a"), at=NOW - timedelta(minutes=4)),
        run_of(car("a"), safe_plan=True),
        RebalanceRun(at=NOW, inputs=b""),
    ],
    ids=["none", "old", "refused", "inputs gone"],
)
def test_without_a_fresh_run_nothing_is_foretold(run: RebalanceRun | None) -> None:
    assert foresee_cut(run, pct=50, booked=(), now=NOW) is None
