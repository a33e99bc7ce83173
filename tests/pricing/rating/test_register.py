from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from pricing.rating.priced import Part
from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample
from pricing.rating.tariff import Dimension, Element, PriceComponent, Restrictions, Tariff

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


def element(dimension, price, **restrictions):
    return Element((PriceComponent(Dimension(dimension), Decimal(price)),), Restrictions(**restrictions))


def register(*readings):
    return Register([Sample(START + timedelta(minutes=minute), wh) for minute, wh in readings])


def rated(meter, *elements, is_sated=False):
    rater = Rater(Tariff("T", "EUR", elements), UTC_ZONE, 2)
    return rater.rate(meter.session(rater.bounds, UTC_ZONE, is_sated=is_sated))


def test_energy_follows_the_meter_between():
    meter = register((0, 0), (60, 9_000), (120, 10_000))
    told = rated(meter, element("ENERGY", "0.20", end_s=5 * 3600), element("ENERGY", "0.30"))
    assert told.total.excl_vat == Decimal("2.10")


def test_register_at_a_cut_is_a_whole_wh_and_the_periods_add_up():
    rater = Rater(
        Tariff("T", "EUR", (element("ENERGY", "1", end_s=5 * 3600 + 60), element("ENERGY", "2"))), UTC_ZONE
    )
    periods = register((0, 0), (180, 1_000)).session(rater.bounds, UTC_ZONE, is_sated=False).periods
    # 61 of 180 minutes: 338.9 Wh
    assert [period.energy_kwh for period in periods] == [Fraction(339, 1000), Fraction(661, 1000)]


def test_energy_is_cut_when_it_reaches_a_bound_in_its_own_time():
    told = rated(
        register((0, 0), (60, 1_000), (120, 9_000)),
        element("ENERGY", "0.10", max_kwh=Decimal(5)),
        element("ENERGY", "1"),
    )
    assert told.total.excl_vat == Decimal("4.50")
    assert told.periods[0].end == START + timedelta(minutes=90)


def test_power_is_that_between_two_readings():
    told = rated(
        register((0, 0), (60, 3_000), (120, 14_000)),
        element("ENERGY", "0.10", max_power_kw=Decimal(4)),
        element("ENERGY", "1"),
    )
    assert told.total.excl_vat == Decimal("11.30")


@pytest.mark.parametrize(("is_sated", "parking"), [(True, Decimal(4)), (False, Decimal(0))])
def test_car_that_is_full_is_parked_and_one_that_has_to_wait_is_not(is_sated, parking):
    meter = register((0, 0), (60, 5_000), (90, 5_000), (120, 6_000), (180, 6_000), (240, 6_000))
    told = rated(meter, element("TIME", "1"), element("PARKING_TIME", "2"), is_sated=is_sated)
    assert told.totals[Part.PARKING].excl_vat == parking
    # Charging time is when the meter rose: 60 and 30 minutes.
    assert told.totals[Part.TIME].excl_vat == Decimal("1.50")


def test_energy_so_far_lies_between_the_readings():
    meter = register((0, 100), (60, 1_100))
    assert [meter.used_wh(START + timedelta(minutes=minute)) for minute in (-5, 0, 30, 60, 90)] == [
        0,
        0,
        500,
        1_000,
        1_000,
    ]


def test_energy_that_came_in_no_time_has_the_price_of_its_moment():
    meter = register((60, 0), (60, 1_000))
    told = rated(meter, element("ENERGY", "0.20", end_s=5 * 3600), element("ENERGY", "0.30"))
    assert told.total.excl_vat == Decimal("0.30")


@pytest.mark.parametrize("readings", [[(0, 0)], [(0, 0), (60, 5), (30, 6)], [(0, 5), (60, 4)]])
def test_meter_that_goes_back_is_refused(readings):
    with pytest.raises(ValueError, match=r"Two samples|go forward"):
        register(*readings)
