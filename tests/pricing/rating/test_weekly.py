from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from pricing.rating.ocpi.writing import words_of_tariff
from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample
from pricing.rating.weekly import Window, overlap_of, weekly_tariff
from tests.pricing.rating.walked import walked_minor

BERLIN = ZoneInfo("Europe/Berlin")
# Two nights of clock changes, a weekend and a week's start.
BEGINS = [
    datetime(2026, 3, 28, 17),
    datetime(2026, 10, 24, 17),
    datetime(2026, 6, 13),
    datetime(2026, 6, 14, 20),
]

minutes = st.integers(0, 1439)
windows = st.builds(
    lambda weekdays, start, length, price: Window(weekdays, start, min(start + length, 1440), price),
    st.integers(1, 127),
    minutes,
    st.integers(1, 1440),
    st.integers(0, 90_000),
)


@st.composite
def meters(draw):
    at = draw(st.sampled_from(BEGINS)).replace(tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 40_000)))
    samples, energy_wh = [Sample(at, 0)], 0
    for step_s, step_wh in draw(
        st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 9_000)), min_size=1, max_size=6)
    ):
        at, energy_wh = at + timedelta(seconds=step_s), energy_wh + step_wh
        samples.append(Sample(at, energy_wh))
    return samples


@settings(max_examples=300)
@given(meters(), st.integers(0, 90_000), st.lists(windows, max_size=5))
def test_table_costs_what_walking_its_minutes_costs(samples, base, table):
    rater = Rater(weekly_tariff("EUR", base, table), BERLIN, 2)
    rated = rater.rate(Register(samples).session(rater.bounds, BERLIN, is_sated=False))
    assert rated.total.incl_vat * 100 == walked_minor(samples, BERLIN, base, table)


def test_window_is_an_element_in_its_order_and_the_base_price_is_the_last():
    table = [Window(0b1111111, 0, 360, 20_000), Window(0b0100001, 1020, 1440, 38_500)]
    assert words_of_tariff(weekly_tariff("EUR", 30_000, table))["elements"] == [
        {
            "price_components": [{"type": "ENERGY", "price": 0.2, "step_size": 1}],
            "restrictions": {"start_time": "00:00", "end_time": "06:00"},
        },
        {
            "price_components": [{"type": "ENERGY", "price": 0.385, "step_size": 1}],
            "restrictions": {
                "start_time": "17:00",
                "end_time": "00:00",
                "day_of_week": ["MONDAY", "SATURDAY"],
            },
        },
        {"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]},
    ]


def test_windows_overlap_where_they_share_a_day_and_a_minute():
    night, morning = Window(127, 0, 360, 1), Window(127, 360, 480, 2)
    assert overlap_of([night, morning]) is None
    assert overlap_of([Window(1, 0, 360, 1), Window(2, 0, 360, 2)]) is None
    late = Window(1, 359, 400, 3)
    assert overlap_of([night, morning, late]) == (night, late)


def test_price_of_a_moment_is_the_one_of_its_window():
    rater = Rater(weekly_tariff("EUR", 30_000, [Window(127, 0, 360, 20_000)]), BERLIN, 2)
    assert rater.price_per_kwh(datetime(2026, 1, 5, 5, 59, tzinfo=BERLIN)) == Decimal("0.2")
    assert rater.price_per_kwh(datetime(2026, 1, 5, 6, tzinfo=BERLIN)) == Decimal("0.3")
