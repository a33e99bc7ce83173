"""The engine played ahead: one car, two cars on one circuit, a dear evening, a car to come."""

import pytest

from scheduling.solver import Aim, Circuit, Demand, Policy, Problem
from scheduling.solver.play.ahead import Span, play_ahead
from scheduling.solver.problem import Reservation

HOUR_S, QUARTER_S, DAY_S = 3_600, 900, 86_400
# 16 A on one phase.
FULL_W = 3_680.0


def problem_of(*demands: Demand, root_ma: int = 16_000, aim: Aim = Aim.NONE, **fields: object) -> Problem:
    return Problem(
        circuits=(Circuit("root", limit_ma=(root_ma,) * 3),),
        demands=demands,
        policy=Policy(minimum_first=True, aim=aim),
        period_s=QUARTER_S,
        **fields,
    )


def car(name: str, energy_wh: float, **fields: object) -> Demand:
    given = {"phases": (0,), "max_ma": 16_000, "energy_wh": energy_wh, "remaining_wh": energy_wh} | fields
    return Demand(name, "root", **given)


def play(problem: Problem, *of: str, first_s: int = QUARTER_S) -> dict[str, list[Span]]:
    return dict(play_ahead(problem, of=of, first_s=first_s, most_s=DAY_S))


def test_car_alone_charges_at_once_until_it_has_its_energy() -> None:
    assert play(problem_of(car("a", 2 * FULL_W, depart_s=8 * HOUR_S)), "a") == {
        "a": [Span(0, 2 * HOUR_S, FULL_W)]
    }


def test_first_step_ends_with_the_quarter_that_runs() -> None:
    spans = play(problem_of(car("a", 920, depart_s=HOUR_S)), "a", first_s=300)["a"]
    assert spans[0] == Span(0, 300, FULL_W)
    assert [span.start_s for span in spans[1:]] == [300]


def test_two_cars_share_a_circuit_and_the_one_that_stays_longer_ends_later() -> None:
    cars = car("a", FULL_W, depart_s=4 * HOUR_S), car("b", 2 * FULL_W, depart_s=8 * HOUR_S)
    spans = play(problem_of(*cars), "a", "b")
    energies = {
        key: sum((s.end_s - s.start_s) * s.power_w for s in row) / HOUR_S for key, row in spans.items()
    }
    # What is left below a minimum is the crumb of the last step.
    assert energies == pytest.approx({"a": FULL_W, "b": 2 * FULL_W}, abs=50)
    ends = {key: row[-1].end_s for key, row in spans.items()}
    assert ends["a"] < ends["b"]
    # Both together never pass 16 A, so they need three hours.
    assert ends["b"] >= 3 * HOUR_S - QUARTER_S


def test_cheap_hours_are_waited_for() -> None:
    dear, cheap = (0.4,) * 16, (0.1,) * 80
    aimed = problem_of(car("a", 2 * FULL_W, depart_s=12 * HOUR_S), aim=Aim.PRICE, price=dear + cheap)
    spans = play(aimed, "a")["a"]
    assert spans[0].start_s >= 4 * HOUR_S
    assert sum((s.end_s - s.start_s) * s.power_w for s in spans) / HOUR_S == pytest.approx(2 * FULL_W, abs=50)


def test_car_to_come_charges_from_its_arrival_and_a_reservation_ends() -> None:
    held = Reservation("root", load_ma=(16_000, 0, 0), until_period=2)
    arriving = car("a", FULL_W, arrive_s=QUARTER_S, depart_s=8 * HOUR_S)
    assert play(problem_of(arriving, reservations=(held,)), "a")["a"][0].start_s >= 2 * QUARTER_S
    assert play(problem_of(arriving), "a")["a"][0].start_s == QUARTER_S


def test_building_of_later_leaves_nothing_until_it_is_gone() -> None:
    stoves = Circuit(
        "root", limit_ma=(16_000,) * 3, base_load_ma_series=((12_000,) * 3,) * 4 + ((0,) * 3,) * 30
    )
    problem = problem_of(car("a", FULL_W, depart_s=8 * HOUR_S))
    later = Problem(circuits=(stoves,), demands=problem.demands, policy=problem.policy, period_s=QUARTER_S)
    assert play(later, "a")["a"][0].start_s >= 4 * QUARTER_S


def test_car_leaves_with_less_and_nobody_waits_for_a_stranger() -> None:
    assert play(problem_of(car("a", 10 * FULL_W, depart_s=HOUR_S)), "a") == {"a": [Span(0, HOUR_S, FULL_W)]}
    assert play(problem_of(car("a", FULL_W)), "b") == {"b": []}
