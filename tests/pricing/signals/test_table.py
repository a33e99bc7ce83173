from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pricing.signals.series import SignalRefused, series_of
from pricing.signals.table import HEADER, TableSource

BERLIN = ZoneInfo("Europe/Berlin")


def series(text, zone=BERLIN):
    return series_of(TableSource(text, zone).read())


def test_hours_on_the_wall_clock_become_quarters():
    found = series("start,price_per_mwh\n2026-03-02 00:00,80.5\n2026-03-02 01:00,-3\n")
    assert found.begins_at == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert found.values == (8_050,) * 4 + (-300,) * 4


def test_offsets_ends_and_decimal_commas_are_read():
    found = series(
        "start;end;price_per_kwh\n"
        "2026-03-02T00:00:00+01:00;2026-03-02T00:15:00+01:00;0,0805\n"
        "2026-03-01T23:15:00Z;2026-03-01T23:45:00Z;0,09\n"
    )
    assert (found.begins_at, found.values) == (datetime(2026, 3, 1, 23, 0, tzinfo=UTC), (8_050, 9_000, 9_000))


def test_both_nights_on_which_the_clocks_change_are_whole():
    autumn = [f"2026-10-25 {hour:02}:00,{value}" for value, hour in enumerate([0, 1, 2, 2, *range(3, 24)])]
    found = series("start,price_per_mwh\n" + "\n".join(autumn))
    assert (len(found.values), found.values[8:16]) == (100, (200,) * 4 + (300,) * 4)
    spring = [f"2026-03-29 {hour:02}:00,1" for hour in (0, 1, *range(3, 24))]
    assert len(series("start,price_per_mwh\n" + "\n".join(spring)).values) == 92


def test_quarters_of_the_repeated_hour_are_read_in_their_order():
    times = [f"{hour:02}:{minute:02}" for hour in (2, 2, 3) for minute in (0, 15, 30, 45)]
    rows = [f"2026-10-25 {time},{value}" for value, time in enumerate(times)]
    assert series("start,price_per_mwh\n" + "\n".join(rows)).values == tuple(range(0, 1_200, 100))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The table is empty: the first row names the columns."),
        ("start,price_per_mwh\n", "There is no value in it."),
        ("time,price\n2026-03-02 00:00,1\n", f"{HEADER} 'time' is none of them."),
        ("start,end\n2026-03-02 00:00,1\n", HEADER),
        ("start,price_per_mwh,price_per_kwh\n2026-03-02 00:00,1,1\n", HEADER),
        (
            "start,price_per_mwh\n2026-03-02 00:00,1\nnoon,1\n",
            "Row 3, column 'start': 'noon' is no moment; write 2026-05-01T17:00:00+02:00, or 2026-05-01 17:00 on the wall clock.",
        ),
        (
            "start,price_per_mwh\n0001-01-01 00:00,1\n",
            "Row 2, column 'start': a year from 2000 to 2199.",
        ),
        (
            "start,price_per_mwh\n2026-03-29 02:00,1\n",
            "Row 2, column 'start': the clocks of Europe/Berlin skip this time.",
        ),
        (
            "start,price_per_mwh\n2026-03-02 00:00,1\n2026-03-02 00:15,free\n",
            "Row 3: 'free' is no number.",
        ),
        ("start,price_per_mwh\n2026-03-02 00:00,nan\n", "Row 2: 'nan' is no number."),
        (f"start,price_per_mwh\n2026-03-02 00:00,{'9' * 400}\n", f"Row 2: {'9' * 40!r} is no number."),
        (
            "start,price_per_mwh\n2026-03-02 00:00,1\n2026-03-02 00:15,1\n2026-03-02 00:15,2\n",
            "Row 4: 2026-03-01 23:15 UTC is there twice, also in row 3.",
        ),
        (
            "start,price_per_mwh\n2026-03-02 00:00,1\n2026-03-02 00:15,1\n\n2026-03-02 00:45,2\n",
            "Row 5: there is a gap before it; nothing is said from 2026-03-01 23:30 UTC to 2026-03-01 23:45 UTC.",
        ),
    ],
)
def test_table_that_can_not_be_taken_whole_is_refused_with_the_row(text, sentence):
    with pytest.raises(SignalRefused) as refusal:
        series(text)
    assert str(refusal.value) == sentence
