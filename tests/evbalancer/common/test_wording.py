from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from evbalancer.common.admin.wording import on_the_clock


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2026-07-01T22:30:05.123456Z", "2026-07-02 00:30:05 CEST"),
        ("2026-12-01T22:30:05+00:00", "2026-12-01 23:30:05 CET"),
        ({"until": None, "at": ["2026-07-01T22:30:05Z", 7]}, {"until": None, "at": ["2026-07-02 00:30:05 CEST", 7]}),
        ("2026-07-01T22:30:05", "2026-07-01T22:30:05"),
        ("2026-07-01", "2026-07-01"),
        ("see 2026-07-01T22:30:05Z", "see 2026-07-01T22:30:05Z"),
    ],
)  # fmt: skip
def test_stored_moments_are_shown_on_the_clock_of_the_page(stored, shown):
    with timezone.override(ZoneInfo("Europe/Berlin")):
        assert on_the_clock(stored) == shown


@pytest.mark.parametrize("stored", ["2026-13-01T22:30:05Z", "2026-02-30T22:30:05Z", "2026-01-01T29:30:05Z"])
def test_what_looks_like_a_moment_and_is_none_stays_as_it_is(stored):
    assert on_the_clock(stored) == stored
