from datetime import UTC, datetime, timedelta

import pytest

from grid.domain.retention.periods import Kept, read_periods
from grid.models import AuditEntry
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def over(days):
    """Communities whose entry of so many days ago is over, by the log's choice."""
    periods = read_periods(Kept.LOG, now=NOW)
    AuditEntry.objects.update(at=NOW - timedelta(days=days))
    return set(AuditEntry.objects.filter(periods.match_over("at")).values_list("community__slug", flat=True))


def test_each_community_has_its_own_time():
    for slug, days in [("usual", 30), ("also", 30), ("long", 60), ("short", 7)]:
        community = CommunityFactory(slug=slug, log_days=days)
        AuditEntry.objects.create(
            community=community, at=NOW, actor_kind="system", action="x", target_kind="x"
        )
    assert over(6) == set()
    assert over(8) == {"short"}
    assert over(31) == {"short", "usual", "also"}
    assert over(61) == {"short", "usual", "also", "long"}


def test_without_communities_nothing_is_over():
    AuditEntry.objects.create(community=None, at=NOW, actor_kind="system", action="x", target_kind="x")
    assert over(10_000) == set()


@pytest.mark.parametrize(
    ("column", "days"), [("meter_values_days", 1), ("means_days", 30), ("runs_days", 366), ("log_days", 0)]
)
def test_database_refuses_what_is_too_short_or_too_long(column, days):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        CommunityFactory(**{column: days})
