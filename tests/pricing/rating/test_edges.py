from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pricing.rating.edges import local_edges

BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def edges(start, end, *times_s):
    return local_edges(start, end, zone=BERLIN, times_s=times_s)


def test_edge_is_a_time_on_the_wall_of_each_day_strictly_between():
    found = edges(utc(2026, 1, 5, 16), utc(2026, 1, 7, 16), 17 * 3600)
    assert found == [utc(2026, 1, 6, 16)]


def test_night_of_the_clock_change_forth_has_its_jump():
    # 29 March 2026, 02:00 becomes 03:00, which is 01:00 in UTC. 02:30 gives two moments without meaning.
    found = edges(utc(2026, 3, 28, 23), utc(2026, 3, 29, 4), 4 * 3600)
    assert found == [utc(2026, 3, 29, 1), utc(2026, 3, 29, 2)]


def test_night_of_the_clock_change_back_has_its_hour_twice():
    # 25 October 2026, 03:00 becomes 02:00 at 01:00 in UTC: 02:30 is 00:30 and 01:30 in UTC.
    found = edges(utc(2026, 10, 24, 22), utc(2026, 10, 25, 4), int(2.5 * 3600))
    assert found == [utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1), utc(2026, 10, 25, 1, 30)]


def test_change_at_an_end_is_no_edge():
    change = utc(2026, 3, 29, 1)
    assert edges(change, utc(2026, 3, 29, 2)) == []
    assert edges(utc(2026, 3, 29, 0), change) == []
