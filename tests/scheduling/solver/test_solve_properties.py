"""What must hold for every site and fleet, with a linear programme as the judge of what is possible."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from scheduling.solver import (
    Aim,
    Circuit,
    Demand,
    PhasorLimit,
    Policy,
    Problem,
    Reservation,
    ShortageRule,
    solve,
    violations,
)
from tests.examples import examples

PERIOD_S = 900
QUICK = examples(60)
SLOW = examples(25)
PHASES = ((0,), (1,), (2,), (0, 1), (0, 1, 2))


@st.composite
def problems(draw, *, phases=False, phasors=False, most_cars=8):
    """A random tree with a random fleet on it."""
    n_circuits = draw(st.integers(1, 5))
    circuits = []
    for at in range(n_circuits):
        parent = None if at == 0 else f"k{draw(st.integers(0, at - 1))}"
        limit_w = (
            draw(st.one_of(st.none(), st.integers(0, 40_000))) if phases else draw(st.integers(0, 40_000))
        )
        limit_ma = draw(st.tuples(*[st.integers(0, 60_000)] * 3)) if phases else None
        base = tuple(draw(st.lists(st.integers(0, 5_000), max_size=4)))
        circuits.append(
            Circuit(
                f"k{at}",
                parent,
                limit_ma=limit_ma,
                limit_w=limit_w,
                base_load_w_series=base,
                margin_ma=draw(st.integers(0, 500)),
            )
        )
    demands = []
    for at in range(draw(st.integers(0, most_cars))):
        energy = draw(st.integers(0, 30_000))
        demands.append(
            Demand(
                id=f"c{at}",
                circuit_id=f"k{draw(st.integers(0, n_circuits - 1))}",
                phases=draw(st.sampled_from(PHASES)) if phases else (0, 1, 2),
                max_ma=draw(st.sampled_from((6_000, 10_000, 13_500, 16_000, 32_000))),
                energy_wh=float(energy + draw(st.integers(1, 5_000))),
                remaining_wh=float(energy),
                depart_s=PERIOD_S * draw(st.integers(1, 6)),
                priority=draw(st.sampled_from((1, 1, 1, 2, 3))),
                weight=draw(st.sampled_from((1.0, 1.0, 2.0))),
                current_ma=draw(st.sampled_from((0, 6_000))),
                since_s=draw(st.sampled_from((0, 600, 5_000))),
                starts=draw(st.integers(0, 3)),
                emergency_min_ma=draw(st.sampled_from((0, 0, 0, 10_000))),
            )
        )
    turned = []
    if phasors and demands:
        for name in "ab":
            terms = tuple((each.id, draw(st.floats(-1, 1)), draw(st.floats(-1, 1))) for each in demands)
            turned.append(PhasorLimit(name, draw(st.integers(0, 60_000)), terms))
    reservations = (Reservation("k0", load_ma=(6_000, 0, 0), load_w=1_380.0),) if draw(st.booleans()) else ()
    policy = Policy(
        rule=draw(st.sampled_from(list(ShortageRule))),
        aim=draw(st.sampled_from(list(Aim))),
        quantise=draw(st.booleans()),
    )
    return Problem(
        tuple(circuits), tuple(demands), reservations, tuple(turned), policy, period_s=PERIOD_S,
        price=(3.0, 1.0, 2.0), carbon=(1.0, 2.0),
    )  # fmt: skip


def given_ma(problem, solution):
    """Setpoints to judge: as sent, or the continuous powers as currents."""
    if problem.policy.quantise:
        return solution.limits_ma()
    by_id = {demand.id: demand for demand in problem.demands}
    return {
        key: allotment.power_w * 1000 / by_id[key].volts / len(by_id[key].phases)
        for key, allotment in solution.allotments.items()
    }


@pytest.mark.promise("E14")
@QUICK
@given(problems(phases=True))
def test_setpoints_on_phases_never_break_a_limit(problem):
    assert violations(problem, given_ma(problem, solve(problem))) == []


@QUICK
@given(problems(phases=False))
def test_setpoints_on_totals_never_break_a_limit(problem):
    assert violations(problem, given_ma(problem, solve(problem))) == []


@QUICK
@given(problems(phases=True, phasors=True))
def test_setpoints_under_phasors_never_break_a_limit(problem):
    assert violations(problem, given_ma(problem, solve(problem))) == []


@SLOW
@given(problems(phases=True), st.randoms(use_true_random=False))
def test_order_of_input_never_matters(problem, shuffler: random.Random):
    circuits, demands = list(problem.circuits), list(problem.demands)
    shuffler.shuffle(circuits)
    shuffler.shuffle(demands)
    other = solve(replace(problem, circuits=tuple(circuits), demands=tuple(demands)))
    same = solve(problem)
    assert other.limits_ma() == same.limits_ma()
    assert {key: other.allotments[key] for key in other.allotments} == {
        key: same.allotments[key] for key in same.allotments
    }


@SLOW
@given(problems(phases=True, phasors=True))
def test_same_input_gives_same_answer(problem):
    first, second = solve(problem), solve(problem)
    assert dict(first.allotments) == dict(second.allotments)
    assert first.certificate == second.certificate


def fair(problem):
    demands = tuple(
        replace(each, priority=1, weight=1.0, emergency_min_ma=0, energy_wh=max(each.remaining_wh, 1.0))
        for each in problem.demands
    )
    return replace(problem, demands=demands, policy=Policy(quantise=False))


def above(problem, key):
    parents = {each.id: each.parent_id for each in problem.circuits}
    while key is not None:
        yield key
        key = parents[key]


def room_w(problem, circuit, period):
    """What cars may use of a circuit in a period, reckoned anew."""
    load = sum(held.load_w for held in problem.reservations if circuit.id in above(problem, held.circuit_id))
    for each in problem.circuits:
        series = each.base_load_w_series
        if series and circuit.id in above(problem, each.id):
            load += series[min(period, len(series) - 1)]
    return max(0.0, circuit.limit_w - load)


def programme(problem, *, worst_off=False):
    """The linear programme over the whole horizon: the most energy in Wh, or the best share of the worst off."""
    cars, periods = problem.demands, max(each.depart_s // PERIOD_S for each in problem.demands)
    count, hours = len(cars), PERIOD_S / 3600
    rows, bounds = [], []
    for circuit in problem.circuits:
        below = np.array([circuit.id in above(problem, car.circuit_id) for car in cars], dtype=float)
        for period in range(periods):
            row = np.zeros((count, periods + 1))
            row[:, period] = below
            rows.append(row)
            bounds.append(room_w(problem, circuit, period))
    for at, car in enumerate(cars):
        row = np.zeros((count, periods + 1))
        row[at, :periods] = hours
        rows.append(row)
        bounds.append(car.remaining_wh)
        if worst_off and car.remaining_wh > 0:
            row = -row
            row[0, periods] = car.remaining_wh
            rows.append(row)
            bounds.append(0.0)
    tops = np.zeros((count, periods + 1))
    for at, car in enumerate(cars):
        tops[at, : car.depart_s // PERIOD_S] = car.max_ma * 0.69
    tops[0, periods] = 1.0  # the worst-off share rides in a spare place
    goal = np.full((count, periods + 1), 0.0 if worst_off else -hours)
    goal[:, periods] = 0.0
    goal[0, periods] = -1.0 if worst_off else 0.0
    best = linprog(
        goal.ravel(),
        A_ub=np.array([row.ravel() for row in rows]),
        b_ub=bounds,
        bounds=[(0.0, top) for top in tops.ravel()],
    )
    return -best.fun


@SLOW
@given(problems(phases=False).map(fair))
def test_certificate_equals_the_linear_programme(problem):
    if not problem.demands:
        return
    certificate = solve(problem, thorough=True).certificate
    most_wh = programme(problem)
    assert certificate.exact
    assert certificate.feasible_wh == pytest.approx(most_wh, rel=1e-6, abs=1e-3)
    assert certificate.planned_wh == pytest.approx(most_wh, rel=1e-6, abs=1e-3)


@SLOW
@given(problems(phases=False).map(fair))
def test_worst_off_equals_the_linear_programme(problem):
    if not any(each.remaining_wh for each in problem.demands):
        return
    wanting = replace(problem, demands=tuple(each for each in problem.demands if each.remaining_wh > 0))
    assert solve(wanting, thorough=True).certificate.worst_off == pytest.approx(
        programme(wanting, worst_off=True), abs=1e-3
    )


@SLOW
@given(problems(phases=False).map(fair), st.integers(0, 4), st.integers(1, 20_000))
def test_adding_capacity_never_hurts_the_worst_off(problem, which, more_w):
    circuits = list(problem.circuits)
    which %= len(circuits)
    circuits[which] = replace(circuits[which], limit_w=circuits[which].limit_w + more_w)
    before = solve(problem, thorough=True).certificate
    after = solve(replace(problem, circuits=tuple(circuits)), thorough=True).certificate
    assert after.worst_off >= before.worst_off - 1e-4
    assert after.feasible_wh >= before.feasible_wh - 1e-3


@SLOW
@given(problems(phases=False).map(fair), st.sampled_from((0.5, 2.0, 10.0)))
def test_scaling_every_power_scales_the_answer(problem, factor):
    circuits = tuple(
        replace(
            each,
            limit_w=each.limit_w * factor,
            base_load_w_series=tuple(load * factor for load in each.base_load_w_series),
        )
        for each in problem.circuits
    )
    reservations = tuple(replace(each, load_w=each.load_w * factor) for each in problem.reservations)
    demands = tuple(
        replace(
            each,
            max_ma=int(each.max_ma * factor),
            energy_wh=each.energy_wh * factor,
            remaining_wh=each.remaining_wh * factor,
        )
        for each in problem.demands
    )
    small = solve(problem, thorough=True)
    large = solve(
        replace(problem, circuits=circuits, reservations=reservations, demands=demands), thorough=True
    )
    assert large.certificate.planned_wh == pytest.approx(
        factor * small.certificate.planned_wh, rel=1e-6, abs=1e-2
    )
    assert large.certificate.worst_off == pytest.approx(small.certificate.worst_off, abs=1e-4)


@QUICK
@given(problems(phases=True))
def test_plan_keeps_to_each_cars_stay_and_energy(problem):
    solution = solve(problem)
    for demand in problem.demands:
        powers = solution.plan.of(demand.id)
        stay = -(-demand.depart_s // PERIOD_S)
        assert (powers >= -1e-9).all()
        assert (powers[stay:] == 0).all()
        assert powers.sum() * PERIOD_S / 3600 <= demand.remaining_wh + 1e-3
