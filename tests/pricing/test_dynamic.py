from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.dynamic import Inputs, Step, Terms, price_steps
from tests.examples import examples

TERMS = Terms(
    fallback=10_000, grid=11_000, levies=2_050, tax_permille=190, scarcity_most=20_000, scarcity_from_pct=20,
    carbon_per_tonne=10_000, floor=0, ceiling=60_000,
)  # fmt: skip


def step(market=8_200, carbon=None, headroom=None, terms=TERMS):
    [found] = price_steps(terms, Inputs((market,), (carbon,), (headroom,)))
    return found


def test_price_is_the_sum_of_its_parts():
    # 8200 + 11000 + 2050 + 20000 x (20 - 5) / 20 + 400 g x 100.00 a tonne = 8200 + 11000 + 2050 + 15000 + 4000 = 40250;
    # 19 % of it are 7647.5, half up 7648.
    found = step(carbon=400, headroom=5)
    assert found == Step(8_200, 11_000, 2_050, 15_000, 4_000, 7_648, 0, is_fallback=False)
    assert found.total == 47_898


@pytest.mark.parametrize(
    ("headroom", "scarcity"),
    [(None, 0), (100, 0), (20, 0), (19, 1_000), (10, 10_000), (0, 20_000), (-3, 20_000)],
)
def test_scarcity_grows_while_less_stays_free_than_the_policy_wants(headroom, scarcity):
    assert step(headroom=headroom).scarcity == scarcity


def test_quarter_without_a_market_price_has_the_fallback_price_and_says_so():
    found = step(market=None)
    assert (found.market, found.is_fallback) == (10_000, True)


def test_floor_and_ceiling_bound_the_price_and_show_what_they_changed():
    # (90000 + 11000 + 2050) x 1.19 = 122629.5, half up 122630: 62630 above the ceiling.
    dear = step(market=90_000)
    assert (dear.total, dear.limit) == (60_000, -62_630)
    # (-50000 + 13050) x 1.19 = -43970.5, half up -43970.
    cheap = step(market=-50_000)
    assert (cheap.total, cheap.limit) == (0, 43_970)


def test_policy_without_scarcity_never_divides_by_its_begin():
    assert step(headroom=0, terms=replace(TERMS, scarcity_from_pct=0)).scarcity == 0


amounts = st.integers(-100_000, 1_000_000)
shares = st.one_of(st.none(), st.integers(0, 100))


@pytest.mark.property
@examples(100)
@given(
    market=st.one_of(st.none(), amounts),
    carbon=st.one_of(st.none(), st.integers(0, 2_000)),
    headroom=shares,
    floor=st.integers(0, 50_000),
    span=st.integers(0, 50_000),
)
def test_price_is_bounded_and_the_parts_add_up(market, carbon, headroom, floor, span):
    found = step(market, carbon, headroom, replace(TERMS, floor=floor, ceiling=floor + span))
    assert floor <= found.total <= floor + span


@pytest.mark.property
@examples(100)
@given(market=amounts, more=st.integers(0, 100_000), headroom=st.integers(0, 100), less=st.integers(0, 100))
def test_price_never_falls_when_the_market_rises_or_room_gets_scarce(market, more, headroom, less):
    assert step(market, None, headroom).total <= step(market + more, None, max(0, headroom - less)).total
