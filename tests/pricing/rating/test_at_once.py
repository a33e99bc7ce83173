from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.at_once import energies_wh, register_at_once
from pricing.rating.register import Register, Sample
from tests.examples import examples

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def test_at_once_flows_from_the_begin_at_full_power_and_stays_to_the_end():
    register = register_at_once(11_000, power_w=11_000, begin=NOON, end=NOON + timedelta(hours=8))
    assert register.end == NOON + timedelta(hours=8)
    at = [register.used_wh(NOON + timedelta(minutes=minutes)) for minutes in (0, 30, 60, 400)]
    assert at == [0, 5_500, 11_000, 11_000]


def test_at_once_takes_as_long_as_the_power_needs():
    assert register_at_once(2_000, power_w=1_000, begin=NOON, end=NOON).end == NOON + timedelta(hours=2)


def test_quarters_begin_before_the_register_and_hold_its_energy():
    late = NOON + timedelta(minutes=10)
    register = Register([Sample(late, 100), Sample(late + timedelta(minutes=20), 2_100)])
    assert energies_wh(register, start=NOON, length=QUARTER) == [500, 1_500]


def test_an_empty_session_is_one_empty_quarter():
    register = register_at_once(0, power_w=3_700, begin=NOON, end=NOON)
    assert energies_wh(register, start=NOON, length=QUARTER) == [0]


@given(st.integers(0, 100_000), st.integers(1, 22_000), st.integers(0, 899), st.integers(0, 40_000))
@examples(50)
def test_quarters_add_up_to_the_energy(energy_wh, power_w, late_s, stay_s):
    begin = NOON + timedelta(seconds=late_s)
    register = register_at_once(
        energy_wh, power_w=power_w, begin=begin, end=begin + timedelta(seconds=stay_s)
    )
    quarters = energies_wh(register, start=NOON, length=QUARTER)
    assert sum(quarters) == energy_wh
    assert max(quarters) <= power_w / 4 + 1
