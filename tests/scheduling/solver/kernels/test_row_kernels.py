"""What a car draws at a price, with a promise and without."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.solver.kernels.row_kernels import price_points
from tests.examples import examples

QUICK = examples(100)
AMOUNTS = st.floats(1.0, 1e5)


def _drawn(price: float, *, want: float, width: float, spare: float, firm: float, top: float, bend: float):
    level = price**bend
    return min(top, max(0.0, want - min(width * level, spare + firm * level)))


@QUICK
@given(
    want=AMOUNTS,
    width=AMOUNTS,
    spare=st.one_of(st.just(math.inf), st.just(0.0), AMOUNTS),
    firm_share=st.floats(1e-6, 0.5),
    top=AMOUNTS,
    bend=st.sampled_from((1.0, 4.0, 8.0)),
)
def test_points_are_those_of_what_a_car_draws(want, width, spare, firm_share, top, bend):
    car = {"want": want, "width": width, "spare": spare, "firm": width * firm_share, "top": top}
    none_at, most_at, surplus, turn_at, kept = price_points(**car, bend=bend)
    assert 0.0 <= most_at <= none_at
    assert 0.0 <= turn_at <= none_at
    assert _drawn(none_at, **car, bend=bend) == pytest.approx(0.0, abs=1e-6 * want)
    assert _drawn(most_at, **car, bend=bend) == pytest.approx(min(want, top), rel=1e-6)
    for low, area in ((most_at, surplus), (max(turn_at, most_at), kept)):
        if low == most_at and area == kept:
            continue  # it stands on its promise at its most already: `kept` has no price to begin at
        prices = np.linspace(low, none_at, 20_001)
        drawn = [_drawn(price, **car, bend=bend) for price in prices]
        assert area == pytest.approx(np.trapezoid(drawn, prices), rel=1e-3, abs=1e-6)


def test_car_without_a_promise_stands_on_none():
    none_at, _most_at, _surplus, turn_at, kept = price_points(100.0, 50.0, math.inf, 0.01, 200.0, 8.0)
    assert (turn_at, kept) == (none_at, 0.0)
