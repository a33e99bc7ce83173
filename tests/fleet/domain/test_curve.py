import pytest

from fleet.domain import curve
from fleet.domain.curve import Moment


@pytest.mark.parametrize(
    ("energy_wh", "from_pct", "to_pct", "capacity_wh"),
    [
        (20_000, 30, 60, 60_000),
        (20_000, 30, 44, None),  # too little a rise to tell
        (20_000, 60, 30, None),
        (0, 10, 90, None),
        (500, 10, 90, None),  # a battery of half a kilowatt-hour
        (900_000, 10, 90, None),
    ],
)
def test_capacity_follows_from_a_session(energy_wh, from_pct, to_pct, capacity_wh):
    assert curve.capacity_wh(energy_wh=energy_wh, from_pct=from_pct, to_pct=to_pct) == capacity_wh


def test_one_strange_session_moves_nothing():
    assert curve.learned_wh([58_000, 60_000, 61_000, 120_000, 59_000]) == 60_000
    assert curve.learned_wh([]) is None


def test_taper_is_learned_where_the_car_holds_back():
    moments = [
        Moment(energy_wh=0, power_w=11_000, offered_w=11_000),
        Moment(energy_wh=40_000, power_w=11_000, offered_w=11_000),  # 70 %: the charger limits
        Moment(energy_wh=60_000, power_w=6_000, offered_w=11_000),  # 90 %
        Moment(energy_wh=60_500, power_w=5_500, offered_w=11_000),
        Moment(energy_wh=64_000, power_w=3_000, offered_w=11_000),  # 96 %
        Moment(energy_wh=64_500, power_w=3_000, offered_w=None),
        Moment(energy_wh=65_000, power_w=0, offered_w=11_000),
    ]
    assert curve.find_taper(moments, battery_wh=60_000, from_pct=0) == {"90": 6_000, "95": 3_000}


def test_tapers_of_sessions_become_one():
    assert curve.merged_taper([{"90": 6_000}, {"90": 7_000, "95": 3_000}]) == {"90": 7_000, "95": 3_000}


def test_energy_counts_what_is_lost():
    assert curve.energy_wh(battery_wh=60_000, from_pct=35, to_pct=80) == 30_000
    assert curve.energy_wh(battery_wh=60_000, from_pct=90, to_pct=80) == 0


def test_forecast_slows_where_the_car_does():
    flat = curve.seconds_to(100, battery_wh=54_000, from_pct=80, power_w=12_000, tapers={})
    slow = curve.seconds_to(100, battery_wh=54_000, from_pct=80, power_w=12_000, tapers={"95": 3_000})
    assert flat == 3_600
    assert slow == 15 * 180 + 5 * 720


@pytest.mark.parametrize("power_w", [0, -1])
def test_nothing_is_forecast_without_power(power_w):
    assert curve.seconds_to(80, battery_wh=60_000, from_pct=20, power_w=power_w, tapers={}) is None
