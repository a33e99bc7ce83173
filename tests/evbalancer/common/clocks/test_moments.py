from datetime import UTC, datetime

import pytest
from rest_framework.exceptions import ValidationError

from evbalancer.common.clocks.moments import MomentField, ZonedMomentField, is_of_no_zone


def test_moment_of_any_zone_is_one_in_utc():
    at = ZonedMomentField().run_validation("2026-05-01T17:00:00+16:00")
    assert (at, at.utcoffset()) == (datetime(2026, 5, 1, 1, tzinfo=UTC), UTC.utcoffset(None))


def test_wall_clock_time_stays_without_a_zone_and_is_refused_where_one_is_needed():
    assert MomentField().run_validation("2026-05-01T17:00:00") == datetime(2026, 5, 1, 17)
    with pytest.raises(ValidationError, match="Give the offset"):
        ZonedMomentField().run_validation("2026-05-01T17:00:00")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2000-01-01 00:00:00+16:00", True),
        ("2000-01-01T00:00:00-23:59", True),
        ("2000-01-01T00:00:00+15:59", False),
        ("2000-01-01", False),
        ("2000-13-01T00:00:00Z", False),
        ("x", False),
    ],
)
def test_zone_further_than_any_is_known(text, is_one):
    assert is_of_no_zone(text) is is_one
