from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.energy import Part, Prices, Sample, Window, amount_minor, split

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = 0b1111111
NIGHT = Window(EVERY_DAY, 0, 6 * 60, 20_000)
PRICES = Prices(BERLIN, 30_000, (NIGHT,))


def local(*parts):
    return datetime(*parts, tzinfo=BERLIN)


def test_price_is_the_first_window_that_holds():
    assert PRICES.at(local(2026, 11, 2, 5, 59)) == 20_000
    assert PRICES.at(local(2026, 11, 2, 6, 0)) == 30_000


def test_price_of_a_weekday_holds_on_that_day_only():
    monday = Prices(BERLIN, 30_000, (Window(0b0000001, 0, 1440, 10_000),))
    assert monday.at(local(2026, 11, 2, 12)) == 10_000
    assert monday.at(local(2026, 11, 3, 12)) == 30_000


def test_energy_is_split_where_the_price_changes():
    start, end = local(2026, 11, 2, 5), local(2026, 11, 2, 7)
    parts = split([Sample(start, 0), Sample(end, 10_000)], PRICES)
    assert [(part.energy_wh, part.price_per_mwh_minor) for part in parts] == [
        (5_000, 20_000),
        (5_000, 30_000),
    ]
    assert parts[0].end == parts[1].start == local(2026, 11, 2, 6)
    assert amount_minor(parts) == 250


def test_energy_follows_the_meter_between():
    start = local(2026, 11, 2, 5)
    samples = [
        Sample(start, 0),
        Sample(start + timedelta(hours=1), 9_000),
        Sample(start + timedelta(hours=2), 10_000),
    ]
    assert [part.energy_wh for part in split(samples, PRICES)] == [9_000, 1_000]


def test_night_of_the_clock_change_forth_has_its_five_hours():
    # 29 March 2026: 02:00 becomes 03:00, so the window until 06:00 has five hours.
    start, end = local(2026, 3, 29, 0), local(2026, 3, 29, 7)
    parts = split([Sample(start, 0), Sample(end, 6_000)], PRICES)
    assert [part.energy_wh for part in parts] == [5_000, 1_000]


def test_night_of_the_clock_change_back_has_its_seven_hours():
    # 25 October 2026: 03:00 becomes 02:00, so the window until 06:00 has seven hours.
    start, end = local(2026, 10, 25, 0), local(2026, 10, 25, 7)
    parts = split([Sample(start, 0), Sample(end, 8_000)], PRICES)
    assert [part.energy_wh for part in parts] == [7_000, 1_000]


def test_energy_in_no_time_has_the_price_of_its_moment():
    at = local(2026, 11, 2, 3)
    assert split([Sample(at, 0), Sample(at, 500)], PRICES) == [Part(at, at, 500, 20_000)]


@pytest.mark.parametrize(
    "samples",
    [
        [],
        [Sample(local(2026, 1, 1), 0)],
        [Sample(local(2026, 1, 2), 0), Sample(local(2026, 1, 1), 5)],
        [Sample(local(2026, 1, 1), 5), Sample(local(2026, 1, 2), 0)],
    ],
)
def test_samples_that_make_no_energy_are_refused(samples):
    with pytest.raises(ValueError, match=r"Two samples|forward"):
        split(samples, PRICES)


def test_amount_is_rounded_once_half_up():
    at = local(2026, 11, 2, 12)
    parts = [Part(at, at, 25, 20_000), Part(at, at, 25, 20_000)]
    assert amount_minor(parts[:1]) == 1
    assert amount_minor(parts) == 1


@given(
    steps=st.lists(st.tuples(st.integers(0, 3600), st.integers(0, 20_000)), min_size=1, max_size=4),
    begin=st.integers(0, 365 * 24 * 3600),
    first=st.integers(0, 1_000_000),
)
def test_parts_always_add_up_to_the_whole(steps, begin, first):
    at, energy = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=begin), first
    samples = [Sample(at, energy)]
    for seconds, wh in steps:
        at, energy = at + timedelta(seconds=seconds), energy + wh
        samples.append(Sample(at, energy))
    parts = split(samples, PRICES)
    assert sum(part.energy_wh for part in parts) == energy - first
    assert all(part.energy_wh >= 0 for part in parts)
    assert all(before.end <= after.start for before, after in pairwise(parts))
