"""The lowest level that serves everybody, against a linear programme."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from scheduling.solver import Aim, Circuit, Demand, Policy, Problem, solve
from scheduling.solver.plans.limits import limits_of
from scheduling.solver.plans.peak import AHEAD, peak_level
from scheduling.solver.plans.site import lay_out
from tests.examples import examples

PERIOD_S = 900
PERIODS = 5
CLOSE = 1e-3


def level_of(problem):
    site, tree = limits_of(lay_out(problem), ())
    return peak_level(problem, site, tree, 0.0)


@st.composite
def sites(draw):
    loads = tuple(draw(st.lists(st.integers(0, 20_000), min_size=PERIODS, max_size=PERIODS)))
    circuits = [Circuit("root", limit_w=200_000.0, base_load_w_series=loads)]
    circuits += [Circuit(name, "root", limit_w=draw(st.integers(20_000, 60_000))) for name in "ab"]
    demands = tuple(
        Demand(
            f"c{at}",
            draw(st.sampled_from("ab")),
            max_ma=draw(st.sampled_from((10_000, 16_000, 32_000))),
            energy_wh=float(energy := draw(st.integers(100, 6_000))),
            remaining_wh=float(energy),
            depart_s=PERIOD_S * draw(st.integers(1, PERIODS)),
        )
        for at in range(draw(st.integers(1, 6)))
    )
    policy = Policy(aim=Aim.PEAK, quantise=False)
    return Problem(tuple(circuits), demands, policy=policy, period_s=PERIOD_S)


def lowest_w(problem, needs_w, periods):
    """The least level of cars and load together, with everybody served; not below any load. None where it can't be."""
    cars, count = problem.demands, len(problem.demands)
    load = problem.circuits[0].base_load_w_series
    rows, bounds, equal = [], [], []
    for circuit in problem.circuits:
        below = [circuit.id in {"root", car.circuit_id} for car in cars]
        for at in range(periods):
            row = np.zeros(count * periods + 1)
            row[at : count * periods : periods] = below
            if circuit.id == "root":
                row[-1] = -1.0
            rows.append(row)
            bounds.append(-load[at] if circuit.id == "root" else circuit.limit_w)
    for at in range(count):
        row = np.zeros(count * periods + 1)
        row[at * periods : (at + 1) * periods] = 1.0
        equal.append(row)
    tops = [
        (0.0, car.max_ma * 0.69 if at < car.depart_s // PERIOD_S else 0.0)
        for car in cars
        for at in range(periods)
    ]
    goal = np.zeros(count * periods + 1)
    goal[-1] = 1.0
    best = linprog(goal, A_ub=rows, b_ub=bounds, A_eq=equal, b_eq=needs_w, bounds=[*tops, (0.0, None)])
    return best.fun if best.status == 0 else None


@examples(60)
@given(sites())
def test_level_equals_the_linear_programme(problem):
    periods = max(car.depart_s for car in problem.demands) // PERIOD_S
    needs_w = [
        min(car.remaining_wh * 4 * AHEAD, car.max_ma * 0.69 * (car.depart_s // PERIOD_S))
        for car in problem.demands
    ]
    least_w = lowest_w(problem, needs_w, periods)
    wanted_w = sum(car.remaining_wh * 4 for car in problem.demands)
    if least_w is None or wanted_w < 1.0:
        return
    level_w = max(level_of(problem), *problem.circuits[0].base_load_w_series[:periods])
    # What may be missing, half a thousandth of the energy in the outlook and as much of the level's, can all be missing in one period.
    assert least_w - CLOSE * AHEAD * wanted_w <= level_w <= least_w + 1.0


def night(**circuit):
    """One car of 2.76 kWh that stays five quarters, beside a load that falls."""
    car = Demand(
        "car",
        "root",
        (0, 1, 2),
        max_ma=16_000,
        energy_wh=2_760.0,
        remaining_wh=2_760.0,
        depart_s=5 * PERIOD_S,
    )
    root = Circuit("root", **circuit)
    return Problem((root,), (car,), policy=Policy(aim=Aim.PEAK, quantise=False), period_s=PERIOD_S)


def test_load_of_the_site_counts():
    """11.04 kW x quarters with a tenth more beside 6, 2, 2, 2 and 2 kW: a level above 6 kW takes 5 x level - 14 of them."""
    problem = night(limit_w=50_000, base_load_w_series=(6_000, 2_000, 2_000, 2_000, 2_000))
    assert level_of(problem) == pytest.approx(6_000, abs=1.0)
    flat = night(limit_w=50_000, base_load_w_series=(2_000,))
    assert level_of(flat) == pytest.approx(2_000 + 11_040 * AHEAD / 5, rel=CLOSE)


def test_peak_so_far_is_free():
    problem = replace(night(limit_w=50_000), peak_w=9_000.0)
    assert level_of(problem) == pytest.approx(9_000)


def test_site_that_can_not_serve_all_has_no_level():
    """Its limit, 2 kW, is needed to the last watt."""
    assert level_of(night(limit_w=2_000)) == pytest.approx(2_000)


def test_low_peak_holds_where_each_phase_has_its_own_cars():
    """Three cars of one phase each, and limits of phases that bind: a total over three trees."""
    cars = tuple(
        Demand(
            f"c{phase}",
            "root",
            (phase,),
            max_ma=32_000,
            energy_wh=3_680.0,
            remaining_wh=3_680.0,
            depart_s=16 * PERIOD_S,
        )
        for phase in range(3)
    )
    policy = Policy(aim=Aim.PEAK, quantise=False)
    problem = Problem((Circuit("root", limit_ma=(20_000.0,) * 3),), cars, policy=policy, period_s=PERIOD_S)
    drawn_w = sum(allotment.power_w for allotment in solve(problem).allotments.values())
    assert drawn_w == pytest.approx(3 * 3_680 * 4 / 16 * AHEAD, rel=0.01)
