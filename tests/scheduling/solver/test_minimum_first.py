"""Throttle first, pause last (field case 4): what a person who has just plugged in expects to see."""

from dataclasses import replace

import pytest

from scheduling.solver import Circuit, Demand, Policy, Problem, solve, violations

FEEDER = Circuit("feeder", limit_ma=(40_000,) * 3)
NIGHT_S = 12 * 3600


def _booked(key: str, **facts: object) -> Demand:
    wish = {"energy_wh": 8_000.0, "remaining_wh": 8_000.0, "depart_s": NIGHT_S}
    return Demand(key, "feeder", phases=(0,), **{**wish, **facts})


def _problem(*demands: Demand) -> Problem:
    return Problem((FEEDER,), demands, policy=Policy(minimum_first=True), period_s=900)


@pytest.mark.promise("E15")
def test_car_with_all_night_starts_at_once_while_its_minimum_fits() -> None:
    hungry = Demand("hungry", "feeder", phases=(0,), current_ma=32_000, since_s=1_200, starts=1)
    limits = solve(problem := _problem(hungry, *(_booked(f"booked{n}") for n in range(4)))).limits_ma()
    assert [limits[f"booked{n}"] >= 6_000 for n in range(4)] == [True] * 4
    assert violations(problem, limits) == []


@pytest.mark.promise("E15")
def test_running_car_is_throttled_and_not_paused_for_a_more_urgent_one() -> None:
    soon = replace(_booked("soon"), depart_s=3_600)
    night = _booked("night", current_ma=16_000, since_s=4_000, starts=1)
    limits = solve(_problem(soon, night)).limits_ma()
    assert limits["soon"] == 32_000
    assert limits["night"] == 8_000


def test_car_that_does_not_fit_waits() -> None:
    limits = solve(_problem(*(_booked(f"car{n}") for n in range(7)))).limits_ma()
    assert sorted(limits.values())[:2] == [0, 6_000]


@pytest.mark.parametrize(("keeps", "runs"), [(False, "late"), (True, "night")])
def test_car_whose_charger_would_end_its_transaction_at_0_a_keeps_its_minimum(
    *, keeps: bool, runs: str
) -> None:
    narrow = Circuit("feeder", limit_ma=(8_000,) * 3)
    night = _booked("night", current_ma=8_000, since_s=4_000, starts=1, keeps_minimum=keeps)
    late = replace(_booked("late"), depart_s=3_600, priority=2)
    problem = Problem((narrow,), (night, late), policy=Policy(minimum_first=True), period_s=900)
    limits = solve(problem).limits_ma()
    assert [key for key, limit_ma in limits.items() if limit_ma] == [runs]
    assert violations(problem, limits) == []
