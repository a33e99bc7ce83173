from datetime import UTC, datetime, timedelta

import pytest

from chargers.domain.metering import clocks

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY_S = 86_400
pytestmark = pytest.mark.promise("O18")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01T12:00:00.000Z", NOW),
        ("2026-03-01T14:00:00+02:00", NOW),
        ("2026-03-01T12:00:00", NOW),
        ("20260301T120000Z", NOW),
        ("", None),
        (None, None),
        ("yesterday", None),
        ("2026-13-01T12:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_parse_time_reads_what_chargers_write(text, expected):
    assert clocks.parse_time(text) == expected


def test_believable_takes_the_chargers_time_of_a_flushed_queue():
    hours_ago = NOW - timedelta(hours=5)
    assert clocks.believable_time(hours_ago, received_at=NOW, skew_s=0) == (hours_ago, False)


@pytest.mark.parametrize("skew_s", [DAY_S, -DAY_S])
def test_believable_corrects_a_clock_that_is_a_day_off(skew_s):
    shown = NOW + timedelta(seconds=skew_s)
    assert clocks.believable_time(shown, received_at=NOW, skew_s=skew_s) == (NOW, True)


@pytest.mark.parametrize("shown", [None, datetime(1970, 1, 1, tzinfo=UTC), NOW + timedelta(hours=1)])
def test_believable_falls_back_to_the_moment_of_receipt(shown):
    assert clocks.believable_time(shown, received_at=NOW, skew_s=0) == (NOW, True)


def test_believable_never_lies_in_the_future():
    assert clocks.believable_time(NOW + timedelta(seconds=30), received_at=NOW, skew_s=0) == (NOW, False)


@pytest.mark.parametrize(
    ("shown", "skew_s", "live"),
    [
        (None, 0, True),
        (NOW, 0, True),
        (NOW - timedelta(seconds=80), 0, True),
        (NOW - timedelta(minutes=10), 0, False),
        (NOW + timedelta(days=1), 0, True),
        (NOW - timedelta(days=1), -DAY_S, True),
        (NOW - timedelta(days=2), -DAY_S, False),
    ],
)
def test_is_live_tells_history_from_a_wrong_clock(shown, skew_s, live):
    assert clocks.is_live(shown, received_at=NOW, skew_s=skew_s) is live


@pytest.mark.parametrize(
    ("begun", "until", "skew_s", "span"),
    [
        pytest.param(-60, 0, 0, 60, id="live"),
        pytest.param(-600, -540, 0, 60, id="told late"),
        pytest.param(0, 61, 3_600, 61, id="clock ahead, and known"),
        pytest.param(-60, 2, 0, 62, id="two minutes ahead at most"),
        pytest.param(-60, 3, 0, 0, id="still to come"),
        pytest.param(-60, -61, 0, 0, id="clock set back"),
        pytest.param(-60 * 24 * 30 - 1, 0, 0, 0, id="longer than any queue"),
        pytest.param(None, 0, 0, 0, id="no start"),
        pytest.param(0, None, 0, 0, id="no end"),
    ],
)
def test_span_of_the_chargers_own_clock_counts_unless_it_was_set_meanwhile(begun, until, skew_s, span):
    at = [None if one is None else NOW + timedelta(minutes=one) for one in (begun, until)]
    assert clocks.own_span(*at, received_at=NOW, skew_s=skew_s) == timedelta(minutes=span)
