"""Shares of a sum in whole cents."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.apportion import apportion
from tests.examples import examples

weights = st.lists(st.fractions(min_value=0, max_value=1_000, max_denominator=97), min_size=1, max_size=12)


def test_remainders_go_to_the_largest_and_of_equal_ones_to_the_first():
    # 33.3, 33.3 and 33.3; 14.28, 28.57 and 57.14.
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(100, [1, 2, 4]) == [14, 29, 57]
    assert apportion(-100, [1, 2, 4]) == [-14, -29, -57]


def test_without_weights_the_first_has_all():
    assert apportion(7, [0, 0]) == [7, 0]
    assert apportion(0, []) == []
    with pytest.raises(ValueError, match="nobody"):
        apportion(7, [])


@pytest.mark.property
@examples(200)
@given(st.integers(-10_000_000, 10_000_000), weights)
def test_shares_add_up_and_are_off_by_less_than_a_cent(whole, weights):
    shares = apportion(whole, weights)
    assert sum(shares) == whole
    if total := sum(weights):
        assert all(
            abs(share - Fraction(whole) * weight / total) < 1
            for share, weight in zip(shares, weights, strict=True)
        )
