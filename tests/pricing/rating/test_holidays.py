"""Public holidays that count as Sundays, over local days of 23 and 25 hours too."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evbalancer.common.clocks.holidays import holidays_of
from pricing.rating.ocpi.fields import UnreadableError
from pricing.rating.ocpi.tariffs import tariff_of
from pricing.rating.ocpi.writing import words_of_tariff
from pricing.rating.rate import Rater
from pricing.rating.register import Register, Sample
from pricing.rating.weekly import Window, weekly_tariff

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
SUNDAY = 0b1000000
# 40 cents, and 10 on Sundays.
WEEK = weekly_tariff("EUR", 40_000, [Window(SUNDAY, 0, 1440, 10_000)])


def in_region(region, *more):
    days = holidays_of(region, first_year=2026, last_year=2026)
    return replace(WEEK, holidays=frozenset({*days, *more}), holiday_region=region)


def price_at(tariff, moment):
    return Rater(tariff, moment.tzinfo, 2).price_per_kwh(moment)


@pytest.mark.parametrize(
    ("region", "zone", "moment", "price"),
    [
        # Fronleichnam, Thursday 4 June 2026, is kept in Bavaria and not in Hamburg.
        ("DE-BY", BERLIN, (2026, 6, 3, 23, 59, 59), "0.4"),
        ("DE-BY", BERLIN, (2026, 6, 4, 0, 0, 0), "0.1"),
        ("DE-BY", BERLIN, (2026, 6, 4, 23, 59, 59), "0.1"),
        ("DE-BY", BERLIN, (2026, 6, 5, 0, 0, 0), "0.4"),
        ("DE-HH", BERLIN, (2026, 6, 4, 12, 0, 0), "0.4"),
        # Thanksgiving, Thursday 26 November 2026.
        ("US-NY", NEW_YORK, (2026, 11, 26, 0, 0, 0), "0.1"),
        ("US-NY", NEW_YORK, (2026, 11, 27, 0, 0, 0), "0.4"),
        # A Sunday stays one.
        ("US-NY", NEW_YORK, (2026, 11, 29, 12, 0, 0), "0.1"),
    ],
)
def test_holiday_has_the_price_of_a_sunday_for_its_local_day(region, zone, moment, price):
    assert price_at(in_region(region), datetime(*moment, tzinfo=zone)) == Decimal(price)


def test_price_of_the_same_weekday_is_not_remembered_for_the_holiday():
    rater = Rater(in_region("DE-BY"), BERLIN, 2)
    weeks = [datetime(2026, 6, day, 12, tzinfo=BERLIN) for day in (4, 11, 4)]
    assert [rater.price_per_kwh(moment) for moment in weeks] == [
        Decimal(text) for text in ("0.1", "0.4", "0.1")
    ]


@pytest.mark.parametrize(
    ("holiday", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 4), 24)],
)
def test_holiday_is_its_whole_local_day_in_nights_that_change_the_clock(holiday, hours):
    """1 kW from the noon before to the noon after: 12 h at 0.40, the day at 0.10, 12 h at 0.40."""
    table = weekly_tariff("EUR", 40_000, [Window(SUNDAY, 0, 1440, 10_000)])
    shifted = replace(table, holidays=frozenset({holiday}))
    noon = datetime.combine(holiday, datetime.min.time(), tzinfo=BERLIN).replace(hour=12)
    start, end = noon - timedelta(days=1), noon + timedelta(days=1)
    length = end.astimezone(UTC) - start.astimezone(UTC)
    energy_wh = int(length / timedelta(hours=1)) * 1000
    rater = Rater(shifted, BERLIN, 2)
    register = Register([Sample(start, 0), Sample(end, energy_wh)])
    rated = rater.rate(register.session(rater.bounds, BERLIN, is_sated=False))
    lines = [line for period in rated.periods for line in period.lines]
    assert sum(line.amount for line in lines if line.component.price == Decimal("0.1")) == hours
    assert rated.total.incl_vat == Decimal(24) * Decimal("0.4") + hours * Decimal("0.1")


def test_days_are_written_and_read_as_an_extension():
    tariff = in_region("DE-BY")
    body = words_of_tariff(tariff)
    assert body["holidays_as_sunday"]["region"] == "DE-BY"
    assert "2026-06-04" in body["holidays_as_sunday"]["dates"]
    assert tariff_of(body) == tariff
    assert "holidays_as_sunday" not in words_of_tariff(WEEK)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (7, "holidays_as_sunday is 7, and an object is expected."),
        ({"dates": "2026-06-04"}, "holidays_as_sunday.dates has to be a list of at most 2000 days."),
        (
            {"dates": ["4 June"]},
            'holidays_as_sunday.dates is "4 June", and a date like 2026-12-24 is expected.',
        ),
    ],
)
def test_days_that_cannot_be_read_are_refused(told, sentence):
    with pytest.raises(UnreadableError) as error:
        tariff_of(words_of_tariff(WEEK) | {"holidays_as_sunday": told})
    assert str(error.value) == sentence
