"""What a car is told stands in the way of more."""

import pytest

from scheduling.solver.play.live import live_policy
from scheduling.solver.problem import Circuit, Demand, Problem
from scheduling.solver.solution import ReasonKind
from scheduling.solver.solve import solve


def emergency(limit_ma, minimum_ma=16_000):
    car = Demand(
        "a", "site", emergency_min_ma=minimum_ma, remaining_wh=9_000, energy_wh=9_000, depart_s=7_200
    )
    site = Circuit("site", limit_ma=(limit_ma,) * 3)
    allotment = solve(Problem((site,), (car,), policy=live_policy())).allotments["a"]
    return allotment.limit_ma, allotment.reason.kind


@pytest.mark.parametrize(
    ("limit_ma", "told"),
    [(40_000, ReasonKind.EMERGENCY), (16_000, ReasonKind.EMERGENCY), (10_000, ReasonKind.CIRCUIT_FULL)],
)
def test_emergency_is_served_before_everybody_only_where_it_has_its_floor(limit_ma, told):
    given_ma, kind = emergency(limit_ma)
    assert given_ma >= min(limit_ma, 16_000)
    assert kind is told
