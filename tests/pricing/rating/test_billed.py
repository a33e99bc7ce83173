from datetime import UTC, datetime, timedelta

from pricing.rating.billed import BilledPart, amount_minor, split_as_billed
from pricing.rating.register import Register, Sample

START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BILLED = [
    BilledPart(START, START + HOUR, 5_000, 20_000),
    BilledPart(START + HOUR, START + 2 * HOUR, 5_000, 30_000),
]


def test_each_price_of_a_bill_holds_until_the_next_began_and_the_last_to_the_end():
    register = Register([Sample(START - HOUR, 0), Sample(START + 3 * HOUR, 16_000)])
    parts = split_as_billed(register, BILLED)
    assert [(part.energy_wh, part.price_per_mwh_minor) for part in parts] == [
        (8_000, 20_000),
        (8_000, 30_000),
    ]
    assert amount_minor(parts) == 400


def test_session_that_ended_before_a_price_began_has_no_energy_at_it():
    register = Register([Sample(START, 0), Sample(START + HOUR / 2, 4_000)])
    assert [part.energy_wh for part in split_as_billed(register, BILLED)] == [4_000, 0]


def test_bill_without_prices_has_no_parts():
    assert split_as_billed(Register([Sample(START, 0), Sample(START + HOUR, 9)]), []) == []


def test_half_a_cent_is_rounded_up():
    assert amount_minor([BilledPart(START, START, 5_250, 10_000)]) == 53
