import subprocess
import sys
from dataclasses import replace

import pytest

from scheduling.solver import (
    BadInputError,
    Circuit,
    Demand,
    PhasorLimit,
    Policy,
    Problem,
    Reservation,
    solve,
    violations,
)
from scheduling.solver.explain import sentence

FEEDER = Circuit("feeder", limit_ma=(40_000, 40_000, 40_000))
MIXED = tuple(
    Demand(f"c{at}", "feeder", phases, energy_wh=9_000.0, remaining_wh=9_000.0, depart_s=7_200)
    for at, phases in enumerate(((0,), (0,), (1,), (0, 1, 2), (0, 1, 2)))
)


def test_engine_needs_neither_django_nor_settings():
    code = "import scheduling.solver.play.closed_loop, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_tick_after_a_change_starts_from_the_last_and_keeps_every_limit():
    problem = Problem((FEEDER,), MIXED)
    before = solve(problem)
    cut = replace(
        problem, circuits=(replace(FEEDER, limit_ma=(20_000, 25_000, 18_000)),), demands=MIXED[1:], at_s=300
    )
    after = solve(cut, before)
    assert violations(cut, after.limits_ma()) == []
    assert after.certificate.planned_wh == pytest.approx(solve(cut).certificate.planned_wh, rel=0.01)


def test_a_small_raise_inside_the_dead_band_is_left_and_a_cut_is_not():
    policy = Policy(dead_band_ma=3_000)
    car = Demand("a", "feeder", max_ma=16_000, current_ma=14_000, starts=1)
    assert solve(Problem((FEEDER,), (car,), policy=policy)).limits_ma() == {"a": 14_000}
    tight = Circuit("feeder", limit_ma=(13_000,) * 3)
    assert solve(Problem((tight,), (car,), policy=policy)).limits_ma() == {"a": 13_000}


def test_a_nearly_full_car_takes_less():
    car = Demand("a", "feeder", max_ma=32_000, energy_wh=20_000.0, remaining_wh=2_000.0, taper_wh=4_000.0)
    assert solve(Problem((FEEDER,), (car,))).limits_ma() == {"a": 16_000}


def test_the_reason_becomes_a_sentence():
    three = tuple(Demand(f"car{at}", "feeder", max_ma=16_000) for at in range(3))
    solution = solve(Problem((Circuit("feeder", limit_ma=(35_000, 35_000, 35_000)),), three))
    text = sentence(solution.allotments["car0"], {"feeder": "feeder B"})
    assert text == "11 A: feeder B, phase L1 is full; 3 cars share it"


@pytest.mark.parametrize(
    ("problem", "path"),
    [
        (Problem((Circuit("a", "a"),), ()), "circuits[a].parent_id"),
        (Problem((Circuit("a", "b"),), ()), "circuits[a].parent_id"),
        (Problem((Circuit("a"), Circuit("a")), ()), "circuits[1].id"),
        (Problem((FEEDER,), (Demand("x", "nowhere"),)), "demands[x].circuit_id"),
        (Problem((FEEDER,), (Demand("x", "feeder", remaining_wh=-1.0),)), "demands[x].remaining_wh"),
        (Problem((FEEDER,), (Demand("x", "feeder", remaining_wh=float("nan")),)), "demands[x].remaining_wh"),
        (Problem((FEEDER,), (Demand("x", "feeder", arrive_s=9, depart_s=5),)), "demands[x].depart_s"),
        (Problem((FEEDER,), (Demand("x", "feeder", phases=()),)), "demands[x].phases"),
        (Problem((FEEDER,), (Demand("x", "feeder", weight=0.0),)), "demands[x].weight"),
        (Problem((FEEDER,), (), (Reservation("nowhere"),)), "reservations[0].circuit_id"),
        (
            Problem((FEEDER,), (), phasors=(PhasorLimit("w", 1, (("x", float("nan"), 0.0),)),)),
            "phasors[w].terms",
        ),
        (Problem((FEEDER,), (), period_s=0), "period_s"),
        (Problem((FEEDER,), (), price=(float("inf"),)), "price"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_problem_that_contradicts_itself_is_refused_with_its_path(problem, path):
    with pytest.raises(BadInputError) as refusal:
        solve(problem)
    assert refusal.value.path == path


def test_a_site_without_cars_has_an_empty_answer():
    assert solve(Problem((FEEDER,), ())).limits_ma() == {}
