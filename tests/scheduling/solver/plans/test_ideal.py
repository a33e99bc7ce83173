"""What the fairness ledger's weights and the priorities mean where phases overlap."""

from dataclasses import replace

import pytest

from scheduling.solver import Circuit, Demand, Problem, solve

WANTED_WH = 40_000


def _crowded_phase() -> Problem:
    """Six cars of L2 and three of all phases want twice what L2 has; on L1 and L3 there is room."""
    demands = tuple(
        Demand(
            id=f"{'single' if at < 6 else 'three'}{at}",
            circuit_id="k",
            phases=(1,) if at < 6 else (0, 1, 2),
            max_ma=32_000,
            energy_wh=WANTED_WH,
            remaining_wh=WANTED_WH,
            depart_s=8 * 3600,
            priority=2,
        )
        for at in range(9)
    )
    return Problem((Circuit("k", limit_ma=(60_000,) * 3),), demands, period_s=900)


def _shares(problem: Problem, kind: str) -> list[float]:
    planned = solve(problem, thorough=True).allotments
    return [planned[key].promise_wh / WANTED_WH for key in planned if key.startswith(kind)]


def _weighed(problem: Problem, **weights: float) -> Problem:
    demands = (
        replace(each, weight=weights.get(each.id.rstrip("0123456789"), 1.0)) for each in problem.demands
    )
    return replace(problem, demands=tuple(demands))


def test_weight_reaches_who_has_only_the_crowded_phase():
    """Unweighed, cars of three phases have all, since two of their phases are idle, and cars of the crowded one 29 %."""
    plain, weighed = _crowded_phase(), _weighed(_crowded_phase(), single=3.0, three=0.4)
    assert _shares(plain, "three") == pytest.approx([1.0] * 3, abs=0.01)
    assert _shares(plain, "single") == pytest.approx([0.293] * 6, abs=0.005)
    assert _shares(weighed, "three") == pytest.approx([0.685] * 3, abs=0.02)
    assert _shares(weighed, "single") == pytest.approx([0.346] * 6, abs=0.01)


def test_unequal_weights_leave_classes_in_their_order_where_phases_overlap():
    problem = _crowded_phase()
    low = {"single0", "single1", "single2"}
    demands = tuple(
        replace(each, priority=1, weight=4.0) if each.id in low else replace(each, weight=1 / 6)
        for each in problem.demands[:6]
    )
    served = solve(replace(problem, demands=demands), thorough=True).allotments
    room_wh = 60 * 230 * 8
    assert [served[key].promise_wh for key in ("single3", "single4", "single5")] == pytest.approx(
        [room_wh / 3] * 3, rel=0.01
    )
