"""How much of the slack waits for cheaper periods, against a linear programme of the least cost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from scheduling.solver import Aim, Circuit, Demand, Policy, Problem
from scheduling.solver.plans.aims import CAR_SHARE, GRAIN_W, soft_cap
from scheduling.solver.plans.ideal import CAREFUL, look_ahead
from scheduling.solver.plans.limits import limits_of
from scheduling.solver.plans.site import lay_out
from tests.examples import examples

PERIOD_S = 900
PERIODS = 6
QUICK = examples(60)


def cap_of(problem):
    site, limits = limits_of(lay_out(problem), problem.phasors)
    cap = soft_cap(problem, site, limits, look_ahead(problem, site, limits))
    return None if cap is None else cap.power_w


@st.composite
def sites(draw):
    """A root and two circuits with limits that can be full, and cars that are there until the last period, or after the first
    cheap one at least: what gains nothing by waiting is a case of its own.
    """
    circuits = [Circuit("root", limit_w=draw(st.integers(5_000, 60_000)))]
    circuits += [Circuit(name, "root", limit_w=draw(st.integers(5_000, 40_000))) for name in "ab"]
    price = (5.0, *draw(st.lists(st.sampled_from((1.0, 2.0, 7.0, 9.0)), min_size=5, max_size=5)))
    demands = tuple(
        Demand(
            f"c{at}",
            draw(st.sampled_from("ab")),
            max_ma=draw(st.sampled_from((10_000, 16_000, 32_000))),
            energy_wh=float(energy := draw(st.integers(100, 9_000))),
            remaining_wh=float(energy),
            depart_s=PERIOD_S * PERIODS,
        )
        for at in range(draw(st.integers(1, 7)))
    )
    policy = Policy(aim=Aim.PRICE, quantise=False)
    return Problem(tuple(circuits), demands, policy=policy, period_s=PERIOD_S, price=price)


def most_w(problem, periods):
    """The most energy, in W x periods, that flows in these periods alone."""
    cars, count = problem.demands, len(problem.demands)
    rows, bounds = [], []
    for circuit in problem.circuits:
        below = [circuit.id in {"root", car.circuit_id} for car in cars]
        for at in range(len(periods)):
            row = np.zeros((count, len(periods)))
            row[:, at] = below
            rows.append(row.ravel())
            bounds.append(circuit.limit_w)
    for at, car in enumerate(cars):
        row = np.zeros((count, len(periods)))
        row[at] = 1.0
        rows.append(row.ravel())
        bounds.append(car.remaining_wh * 3600 / PERIOD_S)
    tops = np.repeat([car.max_ma * 0.69 * CAR_SHARE for car in cars], len(periods))
    best = linprog(-np.ones(tops.size), A_ub=np.array(rows), b_ub=bounds, bounds=[(0.0, top) for top in tops])
    return -best.fun


def is_roomy(problem):
    """Whether all periods together serve everybody, so that nobody is in a hurry."""
    wanted = sum(car.remaining_wh for car in problem.demands) * 3600 / PERIOD_S
    return most_w(problem, range(PERIODS)) > wanted * (1 - 1e-9)


@QUICK
@given(sites())
def test_now_gets_what_cheaper_periods_can_not_take(problem):
    """The largest flow of the cheaper periods and now, less that of the cheaper periods alone."""
    cheaper = [at for at in range(PERIODS) if problem.price[at] < problem.price[0]]
    if not cheaper or not is_roomy(problem):
        return
    flow_w = most_w(problem, [0, *cheaper]) - most_w(problem, cheaper) + GRAIN_W
    tops_w = [car.max_ma * 0.69 for car in problem.demands]
    needs_w = [car.remaining_wh * 3600 / PERIOD_S for car in problem.demands]
    # Half of a car's power later has to be enough for it.
    floors_w = [need - CAREFUL * top * (PERIODS - 1) for need, top in zip(needs_w, tops_w, strict=True)]
    expected = max(flow_w, sum(min(top, max(0, floor)) for top, floor in zip(tops_w, floors_w, strict=True)))
    if expected < min(problem.circuits[0].limit_w, sum(map(min, tops_w, needs_w))) - 0.1:
        assert cap_of(problem) == pytest.approx(expected, rel=1e-6, abs=0.1)


@QUICK
@given(sites(), st.permutations(range(1, PERIODS)))
def test_order_of_later_prices_does_not_matter_to_cars_that_stay(problem, order):
    price = (problem.price[0], *(problem.price[at] for at in order))
    cap_w = cap_of(problem)
    # Where not everybody can be served the aim has nothing to say, whatever the prices.
    if cap_w is not None:
        assert cap_of(replace(problem, price=price)) == pytest.approx(cap_w, rel=1e-6, abs=0.1)


def two_cars(*, early_s=None, price=(5.0, 5.0, 1.0, 1.0, 9.0, 9.0)):
    """Each wants 2.76 kWh, a quarter hour at 16 A."""
    cars = tuple(
        Demand(
            key,
            "root",
            max_ma=16_000,
            energy_wh=2_760.0,
            remaining_wh=2_760.0,
            depart_s=PERIOD_S * PERIODS if key == "patient" else early_s or PERIOD_S * PERIODS,
        )
        for key in ("patient", "early")
    )
    policy = Policy(aim=Aim.PRICE, quantise=False)
    return Problem((Circuit("root", limit_w=90_000),), cars, policy=policy, period_s=PERIOD_S, price=price)


def test_nothing_flows_now_where_cheaper_periods_take_all():
    assert cap_of(two_cars()) == pytest.approx(GRAIN_W)


def test_car_that_leaves_before_it_gets_cheaper_may_have_all_now():
    assert cap_of(two_cars(early_s=2 * PERIOD_S)) == pytest.approx(16 * 690 + GRAIN_W)


def test_nothing_is_capped_while_nothing_is_cheaper():
    assert cap_of(two_cars(price=(1.0, 1.0, 5.0))) is None


def test_dearer_periods_take_nothing_from_now():
    """One cheap quarter for a car that needs two: the second one is now, not the dear ones."""
    problem = two_cars(price=(5.0, 1.0, 9.0, 9.0, 9.0, 9.0))
    cars = (replace(problem.demands[0], energy_wh=5_520.0, remaining_wh=5_520.0),)
    top_w = 16 * 690 * CAR_SHARE
    assert cap_of(replace(problem, demands=cars)) == pytest.approx(top_w + GRAIN_W)
