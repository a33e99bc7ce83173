"""What holds for every tariff and every session, the nights of both clock changes among them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from pricing.rating.priced import Kind, Money, round_half_up
from pricing.rating.rate import rate
from pricing.rating.session import Level, Period, Session
from pricing.rating.tariff import DAY_S, Dimension, Element, PriceComponent, Restrictions, Tariff

BERLIN = ZoneInfo("Europe/Berlin")
# The nights in which 02:00 becomes 03:00 and 03:00 becomes 02:00, and a night that has its 24 hours.
NIGHTS = [datetime(2026, 3, 28, 20), datetime(2026, 10, 24, 20), datetime(2026, 6, 14, 20)]
WEIGHT = 1_000

prices = st.decimals(min_value=0, max_value=5, places=4)
steps = st.sampled_from([0, 1, 60, 900, 5_000])
times_s = st.integers(0, 95).map(lambda quarter: quarter * 900)
kwh = st.decimals(min_value=0, max_value=40, places=1)
bounds_s = st.integers(0, 40_000)
components = st.builds(
    PriceComponent, st.sampled_from(Dimension), prices, st.none() | st.just(Decimal(19)), steps
)
restrictions = st.builds(
    Restrictions,
    start_s=st.just(0) | times_s,
    end_s=st.just(DAY_S) | times_s.filter(bool),
    weekdays=st.just(frozenset()) | st.frozensets(st.integers(0, 6)),
    min_kwh=st.none() | kwh,
    max_kwh=st.none() | kwh,
    min_power_kw=st.none() | kwh,
    max_power_kw=st.none() | kwh,
    min_duration_s=st.none() | bounds_s,
    max_duration_s=st.none() | bounds_s,
)
elements = st.builds(Element, st.lists(components, min_size=1, max_size=3).map(tuple), restrictions)
tariffs = st.lists(elements, min_size=1, max_size=4).map(lambda each: Tariff("T", "EUR", tuple(each)))


@st.composite
def sessions(draw):
    """Up to four periods of up to three hours, which charge or park."""
    at = draw(st.sampled_from(NIGHTS)).replace(tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 30_000)))
    periods = []
    for length_s in draw(st.lists(st.integers(1, 10_000), min_size=1, max_size=4)):
        end = at + timedelta(seconds=length_s)
        hours, wh = Fraction(length_s, 3600), draw(st.integers(0, 20_000))
        power = Level(average=Fraction(wh, 1000) / hours)
        if draw(st.booleans()):
            periods.append(Period(at, end, Fraction(wh, 1000), charging_h=hours, power_kw=power))
        else:
            periods.append(Period(at, end, parking_h=hours))
        at = end
    return Session(tuple(periods), periods[0].start)


def split_at(session, index, weight):
    """The session with one period told as two, as its meter would have shown at a moment in between."""
    whole = session.periods[index]
    length_us = (whole.end - whole.start) // timedelta(microseconds=1)
    first_us = length_us * weight // WEIGHT
    share = Fraction(first_us, length_us)
    middle = whole.start + timedelta(microseconds=first_us)
    amounts = {name: getattr(whole, name) for name in ("energy_kwh", "charging_h", "parking_h")}
    first = replace(whole, end=middle, **{name: each * share for name, each in amounts.items()})
    second = replace(whole, start=middle, **{name: each * (1 - share) for name, each in amounts.items()})
    return replace(session, periods=(*session.periods[:index], first, second, *session.periods[index + 1 :]))


def total(tariff, session):
    return rate(tariff, session, zone=BERLIN).total


@given(tariffs, sessions(), st.integers(0, 3), st.integers(1, WEIGHT - 1))
def test_splitting_a_session_anywhere_never_changes_its_total(tariff, session, index, weight):
    """At any moment of a period, if its amounts are shared as they flowed. Steps count once a session, so they may be any."""
    parts = split_at(session, index % len(session.periods), weight)
    assert total(tariff, parts) == total(tariff, session)


@given(tariffs, sessions())
def test_lines_add_up_to_the_total(tariff, session):
    rated = rate(tariff, session, zone=BERLIN)
    assert sum((cost for told in rated.costs for cost in told), Money()) == rated.total == rated.sum_of_parts


@given(prices, st.lists(st.integers(0, 30_000), min_size=1, max_size=20))
def test_flat_tariff_costs_the_register_by_the_price(price, registers_wh):
    tariff = Tariff("T", "EUR", (Element((PriceComponent(Dimension.ENERGY, price),)),))
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    hour = timedelta(hours=1)
    periods = tuple(
        Period(start + index * hour, start + (index + 1) * hour, energy_kwh=Fraction(wh, 1000))
        for index, wh in enumerate(registers_wh)
    )
    exact = Fraction(price) * Fraction(sum(registers_wh), 1000)
    assert total(tariff, Session(periods, start)).excl_vat == round_half_up(exact)


@given(sessions(), times_s, times_s, prices, prices)
def test_hours_of_a_window_are_those_that_the_clock_shows(session, start_s, end_s, within, outside):
    """Against a walk of the seconds: each quarter hour of each period, by the time on the wall."""
    tariff = Tariff(
        "T",
        "EUR",
        (
            Element(
                (PriceComponent(Dimension.PARKING_TIME, within, None, 0),),
                Restrictions(start_s, end_s or DAY_S),
            ),
            Element((PriceComponent(Dimension.PARKING_TIME, outside, None, 0),)),
        ),
    )
    cost = Fraction(0)
    for period in session.periods:
        at = period.start
        while period.parking_h and at < period.end:
            wall = at.astimezone(BERLIN)
            at_s = wall.hour * 3600 + wall.minute * 60 + wall.second
            is_within = (at_s - start_s) % DAY_S < ((end_s or DAY_S) - start_s - 1) % DAY_S + 1
            until = min(at + timedelta(seconds=900 - at_s % 900), period.end)
            hours = Fraction((until - at) // timedelta(seconds=1), 3600)
            cost += hours * Fraction(within if is_within else outside)
            at = until
    assert total(tariff, session).excl_vat == round_half_up(cost)


@given(tariffs, sessions())
def test_no_dimension_is_billed_below_what_was_used(tariff, session):
    rated = rate(tariff, session, zone=BERLIN)
    for kind in Kind:
        assert rated.amount(kind, billed=True) >= rated.amount(kind) - Fraction(1, 1_000_000)
