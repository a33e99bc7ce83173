"""A demand charge, shared to the cent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.demand import demand_charge_minor, share_by_energy, share_by_power
from tests.examples import examples


def test_golden_bill_of_a_us_connection_by_hand():
    # 62.4 kW at 18.50 $ are 1,154.40 $. Ann had 11.0 kW of them: 203.50; Bo 7.2: 133.20; Cy 3.68: 68.08. The house's 40.52 kW: 749.62.
    shares = share_by_power(62_400, {"Ann": 11_000, "Bo": 7_200, "Cy": 3_680}, per_kw_minor=1_850)
    assert shares.charge_minor == 115_440
    assert shares.of_each == {"Ann": 20_350, "Bo": 13_320, "Cy": 6_808}
    assert shares.kept_minor == 74_962


def test_golden_bill_by_energy_by_hand():
    # The cars' 21.88 kW of 62.4 are 404.78 $. Of 1,000 kWh Ann charged 700: 283.35, rounded up from .346; Dee 300: 121.43.
    shares = share_by_energy(62_400, 21_880, {"Ann": 700_000, "Dee": 300_000}, per_kw_minor=1_850)
    assert (shares.cars_minor, shares.kept_minor) == (40_478, 74_962)
    assert shares.of_each == {"Ann": 28_335, "Dee": 12_143}


def test_building_pays_no_part_where_the_cars_meters_say_more_than_the_connections():
    shares = share_by_power(9_000, {"Ann": 6_000, "Bo": 6_000}, per_kw_minor=1_000)
    assert (shares.kept_minor, shares.of_each) == (0, {"Ann": 4_500, "Bo": 4_500})
    shares = share_by_energy(9_000, 12_000, {"Ann": 1, "Bo": 1}, per_kw_minor=1_000)
    assert (shares.kept_minor, shares.of_each) == (0, {"Ann": 4_500, "Bo": 4_500})


def test_building_pays_all_where_no_car_charged():
    assert share_by_power(5_000, {}, per_kw_minor=1_001).kept_minor == 5_005
    assert share_by_energy(5_000, 0, {}, per_kw_minor=1_001).kept_minor == 5_005
    assert share_by_energy(5_000, 0, {"Ann": 900}, per_kw_minor=1_001).of_each == {"Ann": 0}


powers = st.dictionaries(st.integers(0, 9), st.integers(0, 50_000), max_size=6)


@pytest.mark.property
@examples(200)
@given(st.integers(0, 200_000), powers, st.integers(1, 100_000))
def test_parts_add_up_to_the_charge_to_the_cent(peak_w, found, per_kw_minor):
    cars_w = sum(found.values())
    for shares in (
        share_by_power(peak_w, found, per_kw_minor=per_kw_minor),
        share_by_energy(peak_w, cars_w, found, per_kw_minor=per_kw_minor),
    ):
        assert shares.charge_minor == demand_charge_minor(peak_w, per_kw_minor=per_kw_minor)
        assert shares.kept_minor + shares.cars_minor == shares.charge_minor
        assert min([shares.kept_minor, *shares.of_each.values()]) >= 0
        assert set(shares.of_each) == set(found)


@pytest.mark.property
@examples(200)
@given(st.integers(0, 200_000), powers, st.integers(1, 100_000))
def test_each_part_is_power_by_price_but_for_less_than_two_cents(rest_w, found, per_kw_minor):
    peak_w = rest_w + sum(found.values())
    shares = share_by_power(peak_w, found, per_kw_minor=per_kw_minor)
    for who, power_w in found.items():
        assert abs(shares.of_each[who] - power_w * per_kw_minor / 1_000) < 2
