from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from evbalancer.common.clocks import clock

MOMENT = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)


def test_moment_in_a_name_says_whose_clock_it_is_of():
    assert clock.named(MOMENT) == "2026-07-01 22:30 UTC"
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert clock.named(MOMENT, "%F %T") == "2026-07-02 00:30:05 CEST"
