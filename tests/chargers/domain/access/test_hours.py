from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chargers.domain.access.hours import find_end, open_until
from chargers.domain.access.sentences import Rule
from chargers.enums import Audience

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND, WORKDAYS, SATURDAY = 0b1100000, 0b0011111, 0b0100000


def at(text):
    """A moment on Berlin's clock; 2026-03-06 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def hours(start, end, weekdays=127):
    return Rule(Audience.EVERYBODY, weekdays=weekdays, start_min=start * 60, end_min=end * 60)


def test_the_begin_counts_and_the_end_does_not():
    day = hours(8, 18)
    assert find_end(day, at("2026-03-06T07:59:59"), BERLIN) is None
    assert find_end(day, at("2026-03-06T08:00"), BERLIN) == at("2026-03-06T18:00")
    assert find_end(day, at("2026-03-06T17:59:59"), BERLIN) == at("2026-03-06T18:00")
    assert find_end(day, at("2026-03-06T18:00"), BERLIN) is None


def test_hours_over_midnight_belong_to_the_day_they_begin_on():
    night = hours(22, 6, SATURDAY)
    assert find_end(night, at("2026-03-07T22:00"), BERLIN) == at("2026-03-08T06:00")
    assert find_end(night, at("2026-03-08T05:59"), BERLIN) == at("2026-03-08T06:00")
    assert find_end(night, at("2026-03-08T06:00"), BERLIN) is None
    # The night from Friday to Saturday is not one of Saturday's.
    assert find_end(night, at("2026-03-07T05:00"), BERLIN) is None
    assert find_end(night, at("2026-03-08T22:00"), BERLIN) is None


def test_windows_that_touch_are_one():
    weekend = [hours(0, 24, WEEKEND)]
    assert open_until(weekend, at("2026-03-07T12:00"), BERLIN) == at("2026-03-09T00:00")
    both = [hours(8, 18, WORKDAYS), hours(18, 20, WORKDAYS)]
    assert open_until(both, at("2026-03-06T09:00"), BERLIN) == at("2026-03-06T20:00")
    assert open_until(both, at("2026-03-06T21:00"), BERLIN) == at("2026-03-06T21:00")
    # Day and night together never end.
    assert open_until([hours(6, 22), hours(22, 6)], at("2026-03-06T09:00"), BERLIN) is None


@pytest.mark.parametrize(
    ("day", "length_h"),
    [("2026-03-28", 8), ("2026-03-29", 7), ("2026-10-24", 8), ("2026-10-25", 9)],
)
def test_a_change_of_the_clocks_moves_the_end_with_the_wall_clock(day, length_h):
    """Clocks change at 02:00 on 29 March and at 03:00 on 25 October."""
    from_midnight = hours(0, 8)
    begin = at(f"{day}T00:00")
    end = find_end(from_midnight, begin, BERLIN)
    assert (end.timestamp() - begin.timestamp()) / 3600 == length_h
