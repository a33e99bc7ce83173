from datetime import UTC, datetime

from grid.domain.local_time import on_the_clock
from grid.models import Community

MOMENT = datetime(2026, 7, 1, 20, 5, tzinfo=UTC)
TOKYO = Community(time_zone="Asia/Tokyo")


def test_moments_are_told_on_the_communitys_clock():
    assert on_the_clock(MOMENT, TOKYO) == "2026-07-02T05:05:00+09:00"
