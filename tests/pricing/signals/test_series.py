from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pricing.signals.series import Reading, Series, SignalRefused, Told, Unit, readings_of, series_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def readings(*values, minutes=15, begin=NOON):
    step = timedelta(minutes=minutes)
    return tuple(
        Reading(begin + at * step, begin + (at + 1) * step, Decimal(str(value)), f"Row {at + 2}")
        for at, value in enumerate(values)
    )


def told(*values, unit=Unit.PER_MWH, **rest):
    return Told(readings(*values, **rest), unit)


def test_quarters_are_kept_in_minor_units_per_mwh():
    assert series_of(told(82.31, -5.4, 0)) == Series(NOON, (8_231, -540, 0))
    assert series_of(told("0.08231", unit=Unit.PER_KWH)).values == (8_231,)
    assert series_of(told(412, unit=Unit.G_PER_KWH)).values == (412,)


@pytest.mark.parametrize(("minutes", "times"), [(15, 1), (30, 2), (60, 4)])
def test_longer_steps_become_quarters(minutes, times):
    series = series_of(told(50, 60, minutes=minutes))
    assert series.values == (5_000,) * times + (6_000,) * times
    assert series.ends_at == NOON + timedelta(minutes=2 * minutes)


def test_order_of_arrival_does_not_matter():
    assert series_of(Told(readings(1, 2, 3)[::-1], Unit.PER_MWH)).values == (100, 200, 300)


@pytest.mark.parametrize(
    ("twisted", "sentence"),
    [
        ((), "There is no value in it."),
        (readings(1) + readings(2), "Row 2: 2026-03-02 12:00 UTC is there twice, also in row 2."),
        (
            readings(1, 2, 3)[::2],
            "Row 4: there is a gap before it; nothing is said from 2026-03-02 12:15 UTC to 2026-03-02 12:30 UTC.",
        ),
        (
            readings(1, begin=NOON + timedelta(minutes=5)),
            "Row 2: 2026-03-02 12:05 UTC is not the begin of a quarter of an hour.",
        ),
        (readings(1, minutes=45), "Row 2: a value holds for 15, 30 or 60 minutes."),
        (readings(1, 5_001), "Row 3: 5001 is absurd; from -1000 to 5000 per MWh is taken."),
        (readings(-1_000.01), "Row 2: -1000.01 is absurd; from -1000 to 5000 per MWh is taken."),
        (readings("NaN"), "Row 2: NaN is absurd; from -1000 to 5000 per MWh is taken."),
        (readings("1e400"), "Row 2: 1E+400 is absurd; from -1000 to 5000 per MWh is taken."),
    ],
)
def test_twisted_readings_are_refused_with_the_row(twisted, sentence):
    with pytest.raises(SignalRefused) as refusal:
        series_of(Told(twisted, Unit.PER_MWH))
    assert str(refusal.value) == sentence


def test_price_in_the_wrong_unit_is_absurd_but_not_where_money_has_many_digits():
    with pytest.raises(SignalRefused, match=r"Row 2: 82\.31 is absurd; from -1 to 5 per kWh is taken\."):
        series_of(told(82.31, unit=Unit.PER_KWH), currency="EUR")
    assert series_of(told(82.31, unit=Unit.PER_KWH), currency="HUF").values == (8_231_000,)


def test_carbon_is_never_below_nothing():
    with pytest.raises(SignalRefused, match="Row 2: -1 is absurd; from 0 to 2000 g per kWh is taken"):
        series_of(told(-1, unit=Unit.G_PER_KWH))


def test_more_than_two_months_at_once_are_refused():
    with pytest.raises(SignalRefused, match="At most 62 days at once"):
        series_of(told(*[1] * (62 * 24 + 2), minutes=60))


def test_length_that_a_source_leaves_out_is_the_closest_distance():
    rows = [(NOON + timedelta(minutes=15 * at), Decimal(at), f"Row {at}") for at in (0, 1, 3)]
    assert [reading.end - reading.begin for reading in readings_of(rows)] == [timedelta(minutes=15)] * 3
    with pytest.raises(SignalRefused, match="Row 3: there is a gap before it"):
        series_of(Told(readings_of(rows), Unit.PER_MWH))
    with pytest.raises(SignalRefused, match="there is no second one"):
        readings_of(rows[:1])
