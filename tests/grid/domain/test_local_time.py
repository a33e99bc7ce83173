from datetime import UTC, datetime

from django.utils.translation import override

from grid.domain.local_time import date_and_time, day_and_time
from grid.models import Community

MOMENT = datetime(2026, 7, 1, 20, 5, tzinfo=UTC)
TOKYO = Community(time_zone="Asia/Tokyo")


def test_moments_are_told_on_the_communitys_clock():
    assert day_and_time(MOMENT, TOKYO) == "Thu 05:05"
    assert date_and_time(MOMENT, TOKYO) == "2 Jul 2026, 05:05"
    with override("de"):
        assert date_and_time(MOMENT, TOKYO) == "02.07.2026 05:05"
