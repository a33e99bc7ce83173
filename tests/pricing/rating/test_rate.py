"""What the text says in words and shows in no example: restrictions, limits, taxes, steps, and the order of elements."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from pricing.rating.priced import Kind, Money, Part
from pricing.rating.rate import rate
from pricing.rating.session import Level, Period, Session
from pricing.rating.tariff import (
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    ReservationKind,
    Restrictions,
    Tariff,
    TaxIncluded,
)

BERLIN = ZoneInfo("Europe/Berlin")
H = 3600
EXPIRES, RESERVATION = ReservationKind.RESERVATION_EXPIRES, ReservationKind.RESERVATION


def price(dimension, amount, step_size=1, vat=None):
    return PriceComponent(
        Dimension(dimension), Decimal(amount), None if vat is None else Decimal(vat), step_size
    )


def element(*components, **restrictions):
    return Element(components, Restrictions(**restrictions))


def tariff(*elements, **more):
    return Tariff("T", "EUR", elements, **more)


def session(*periods, **more):
    return Session(periods, periods[0].start, **more)


def period(start, hours, **volumes):
    begun = datetime.fromisoformat(start).astimezone(UTC)
    exact = {key: each if isinstance(each, Level) else Fraction(str(each)) for key, each in volumes.items()}
    return Period(begun, begun + timedelta(hours=hours), **exact)


def cost(of, *periods, zone=BERLIN, **more):
    return rate(of, session(*periods, **more), zone=zone).total.excl_vat


def kwh(*prices_and_restrictions):
    return tariff(*(element(price("ENERGY", each), **more) for each, more in prices_and_restrictions))


def test_first_element_that_has_the_dimension_and_matches_prices_it():
    night = element(price("ENERGY", "0.20"), start_s=22 * H, end_s=6 * H)
    always = element(price("ENERGY", "0.30"), price("TIME", "1"))
    at_night = period("2026-01-05T23:00+01:00", 1, energy_kwh=10, charging_h=1)
    assert cost(tariff(night, always), at_night) == 3
    assert cost(tariff(always, night), at_night) == 4


def test_dimension_that_no_element_prices_is_free():
    assert cost(kwh(("0.30", {"start_s": 22 * H})), period("2026-01-05T12:00+01:00", 1, energy_kwh=10)) == 0


@pytest.mark.parametrize(
    ("start", "cents"),
    [
        ("2026-01-05T21:59:59+01:00", 30),
        ("2026-01-05T22:00+01:00", 20),
        ("2026-01-06T05:59:59+01:00", 20),
        ("2026-01-06T06:00+01:00", 30),
    ],
)
def test_window_over_midnight_holds_from_its_start_until_before_its_end(start, cents):
    of = kwh(("0.20", {"start_s": 22 * H, "end_s": 6 * H}), ("0.30", {}))
    assert cost(of, period(start, 0, energy_kwh=1)) == Decimal(cents) / 100


def test_weekday_of_a_window_over_midnight_is_the_day_of_each_moment():
    """All restrictions are joined by AND at each moment: Saturday 02:00 is no Friday."""
    of = kwh(("0.20", {"start_s": 22 * H, "end_s": 6 * H, "weekdays": frozenset({4})}), ("0.30", {}))
    friday, saturday = "2026-01-09T23:00+01:00", "2026-01-10T02:00+01:00"
    assert cost(of, period(friday, 0, energy_kwh=1)) == Decimal("0.20")
    assert cost(of, period(saturday, 0, energy_kwh=1)) == Decimal("0.30")


def test_window_that_ends_when_it_starts_is_the_whole_day():
    of = kwh(("0.20", {"start_s": 8 * H, "end_s": 8 * H}))
    assert cost(of, period("2026-01-05T00:00+01:00", 24, energy_kwh=24)) == Decimal("4.80")


def test_end_date_is_excluded():
    of = kwh(("1", {"start_date": datetime(2026, 1, 5).date(), "end_date": datetime(2026, 1, 6).date()}))
    assert cost(of, period("2026-01-04T12:00+01:00", 48, energy_kwh=48)) == 24


def test_energy_is_cut_at_min_and_max_kwh():
    of = kwh(
        ("0.10", {"max_kwh": Decimal(5)}), ("0.20", {"min_kwh": Decimal(5), "max_kwh": Decimal(8)}), ("1", {})
    )
    # 5 x 0.10 + 3 x 0.20 + 2 x 1
    assert cost(
        of, period("2026-01-05T12:00Z", 1, energy_kwh=4), period("2026-01-05T13:00Z", 1, energy_kwh=6)
    ) == Decimal("3.10")


def test_duration_counts_from_the_session_and_not_from_its_reservation():
    of = tariff(
        element(price("TIME", "1"), reservation=RESERVATION),
        element(price("TIME", "2"), max_duration_s=H),
        element(price("TIME", "6")),
    )
    reserved = period("2026-01-05T10:00Z", 1, reservation_h=1)
    used = period("2026-01-05T11:00Z", 2, charging_h=2)
    whole = Session((reserved, used), used.start, reserved_at=reserved.start)
    rated = rate(of, whole, zone=BERLIN)
    assert rated.totals[Part.RESERVATION].excl_vat == 1
    assert rated.totals[Part.TIME].excl_vat == 8


@pytest.mark.parametrize(
    ("level", "cents"),
    [
        (Level(least=Fraction(5), most=Fraction(9)), 10),
        (Level(most=Fraction(10)), 20),
        (Level(least=Fraction(10)), 20),
        (Level(average=Fraction(12)), 20),
        (Level(average=Fraction(9)), 10),
        # Both bounds are left within the period, and unknown matches neither: the fallback prices it.
        (Level(least=Fraction(5), most=Fraction(20)), 99),
        (Level(), 99),
    ],
)
@pytest.mark.parametrize("what", ["power_kw", "current_a"])
def test_power_and_current_are_below_the_upper_and_at_or_above_the_lower_bound(what, level, cents):
    of = kwh(("0.10", {f"max_{what}": Decimal(10)}), ("0.20", {f"min_{what}": Decimal(10)}), ("0.99", {}))
    assert cost(of, period("2026-01-05T12:00Z", 1, energy_kwh=1, **{what: level})) == Decimal(cents) / 100


def test_flat_fee_is_taken_once_when_the_first_becomes_active():
    of = tariff(element(price("FLAT", "2"), min_duration_s=H), element(price("ENERGY", "1")))
    assert cost(of, period("2026-01-05T12:00Z", 1, energy_kwh=1)) == 1
    assert cost(of, period("2026-01-05T12:00Z", 3, energy_kwh=3)) == 5


def test_flat_fee_of_an_element_for_parking_is_a_cost_of_parking():
    of = tariff(element(price("FLAT", "2"), price("PARKING_TIME", "1")), element(price("ENERGY", "1")))
    rated = rate(of, session(period("2026-01-05T12:00Z", 1, energy_kwh=1)), zone=BERLIN)
    assert rated.totals[Part.PARKING].excl_vat == 2
    assert rated.totals[Part.FIXED].excl_vat == 0


def test_reservation_is_priced_by_its_own_elements_alone():
    of = tariff(
        element(price("FLAT", "1"), price("TIME", "3")), element(price("TIME", "2"), reservation=RESERVATION)
    )
    reserved = period("2026-01-05T10:00Z", 1, reservation_h=1)
    assert cost(of, reserved, reserved_at=reserved.start) == 2


def test_reservation_that_was_used_costs_nothing_for_expiring():
    of = tariff(element(price("FLAT", "4"), reservation=EXPIRES), element(price("ENERGY", "1")))
    reserved = period("2026-01-05T10:00Z", 1, reservation_h=1)
    used = period("2026-01-05T11:00Z", 1, energy_kwh=5)
    assert cost(of, reserved, used, reserved_at=reserved.start) == 5
    assert cost(of, reserved, reserved_at=reserved.start) == 4


def test_step_rounds_what_has_a_price_over_the_whole_session_at_the_last_price():
    of = tariff(
        element(price("ENERGY", "1", 1000), end_s=12 * H), element(price("ENERGY", "2", 400), start_s=13 * H)
    )
    # 1.3 kWh before, free between, 0.5 kWh after: 1.8 become 2.0 in steps of 400 Wh, so 0.7 at 2.
    told = (
        period("2026-01-05T11:00+01:00", 1, energy_kwh="1.3"),
        period("2026-01-05T12:00+01:00", 1, energy_kwh=7),
        period("2026-01-05T13:00+01:00", 1, energy_kwh="0.5"),
    )
    assert cost(of, *told) == Decimal("2.70")


def test_parking_alone_is_rounded_also_when_charging_comes_last():
    of = tariff(element(price("TIME", "60", 600), price("PARKING_TIME", "6", 600)))
    first = period("2026-01-05T12:00Z", 0.25, parking_h="0.25")
    assert cost(of, first, period("2026-01-05T12:15Z", 0.25, charging_h="0.25")) == 15 + 2


def test_noise_of_a_binary_fraction_makes_no_step():
    of = tariff(element(price("ENERGY", "1", 1000)))
    assert cost(of, period("2026-01-05T12:00Z", 1, energy_kwh="5.000000000000001")) == 5


def test_step_of_zero_rounds_nothing():
    assert cost(
        tariff(element(price("ENERGY", "1", 0))), period("2026-01-05T12:00Z", 1, energy_kwh="0.0123")
    ) == Decimal("0.0123")


def test_energy_that_flows_back_is_credited_and_not_rounded():
    assert cost(
        tariff(element(price("ENERGY", "0.25", 1000))), period("2026-01-05T12:00Z", 1, energy_kwh="-2.5")
    ) == Decimal("-0.625")


def taxed(total, **more):
    of = tariff(element(price("FLAT", total, vat=20)), **more)
    return rate(of, session(period("2026-01-05T12:00Z", 1)), zone=BERLIN).total


@pytest.mark.parametrize(
    ("total", "more", "excl_vat", "incl_vat"),
    [
        ("5", {}, "5", "6"),
        # Both limits hold, each for its own total.
        ("5", {"min_price": PriceLimit(Decimal(4), Decimal(7))}, "5", "7"),
        ("5", {"max_price": PriceLimit(Decimal(4), Decimal(9))}, "4", "6"),
        # A limit without an amount after taxes leaves the tax its share.
        ("5", {"min_price": PriceLimit(Decimal(10))}, "10", "12"),
        ("0", {"min_price": PriceLimit(Decimal(10))}, "10", "12"),
        ("5", {"max_price": PriceLimit(Decimal(4))}, "4", "4.8"),
        ("6", {"tax_included": TaxIncluded.YES}, "5", "6"),
        ("5", {"tax_included": TaxIncluded.NOT_APPLICABLE}, "5", "5"),
    ],
)
def test_total_keeps_its_limits_before_and_after_taxes(total, more, excl_vat, incl_vat):
    assert taxed(total, **more) == Money(Decimal(excl_vat), Decimal(incl_vat))


def test_limit_is_told_apart_from_the_parts():
    of = tariff(element(price("ENERGY", "1")), min_price=PriceLimit(Decimal(5)))
    rated = rate(of, session(period("2026-01-05T12:00Z", 1, energy_kwh=2)), zone=BERLIN)
    assert (rated.sum_of_parts.excl_vat, rated.by_limit.excl_vat, rated.total.excl_vat) == (2, 3, 5)


def test_expired_reservation_has_no_least_price():
    of = tariff(element(price("TIME", "1"), reservation=RESERVATION), min_price=PriceLimit(Decimal(5)))
    reserved = period("2026-01-05T10:00Z", 1, reservation_h=1)
    assert cost(of, reserved, reserved_at=reserved.start) == 1


def test_night_of_the_clock_change_forth_has_its_five_hours():
    of = kwh(("0.20", {"start_s": 0, "end_s": 6 * H}), ("0.30", {}))
    # From midnight to 07:00 are six hours, one of them after 06:00: 5 x 0.20 + 1 x 0.30
    assert cost(of, period("2026-03-29T00:00+01:00", 6, energy_kwh=6)) == Decimal("1.30")


def test_night_of_the_clock_change_back_has_its_seven_hours():
    of = kwh(("0.20", {"start_s": 0, "end_s": 6 * H}), ("0.30", {}))
    assert cost(of, period("2026-10-25T00:00+02:00", 8, energy_kwh=8)) == Decimal("1.70")


def test_hour_that_comes_twice_has_its_window_twice():
    """On 25 October the clock shows 02:30 to 03:00 twice."""
    of = kwh(("1", {"start_s": int(2.5 * H), "end_s": 3 * H}))
    assert cost(of, period("2026-10-25T00:00+02:00", 5, energy_kwh=5)) == 1


def test_neighbours_at_the_same_prices_are_one_period():
    at_nine = element(price("PARKING_TIME", "1"), end_s=9 * H)
    of = tariff(element(price("FLAT", "1"), price("ENERGY", "1")), at_nine)
    rated = rate(of, session(period("2026-01-05T08:00+01:00", 3, energy_kwh=3)), zone=BERLIN)
    assert [[line.kind for line in each.lines] for each in rated.periods] == [[Kind.FLAT, Kind.ENERGY]]
