import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.cache import cache

from drivers.domain.drivers import authorize_tag
from drivers.domain.probing import MOST_UNKNOWN, note_unknown_tag
from grid.models import AuditEntry
from tests.factories.drivers import IdTagFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
CHARGER = uuid4()


@pytest.fixture
def community():
    return CommunityFactory()


def note(community, count, charger=CHARGER):
    return [note_unknown_tag(community.pk, charger, now=NOW) for _ in range(count)]


def test_unknown_tag_above_the_limit_leaves_one_alert(community, caplog):
    with caplog.at_level(logging.WARNING, logger="drivers.domain.probing"):
        assert note(community, MOST_UNKNOWN + 5) == [False] * MOST_UNKNOWN + [True] + [False] * 4
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.community, entry.actor_kind, entry.actor_id) == (
        "tags.probed",
        community,
        "charger",
        str(CHARGER),
    )
    assert entry.after == {"unknown_tags": MOST_UNKNOWN + 1, "within_s": 600}
    assert [record.args[0] for record in caplog.records] == [CHARGER]


def test_chargers_are_counted_each_alone(community):
    assert not any(note(community, MOST_UNKNOWN) + note(community, MOST_UNKNOWN, charger=uuid4()))


def test_count_begins_again_when_its_time_is_over(community):
    note(community, MOST_UNKNOWN)
    cache.clear()
    assert not any(note(community, MOST_UNKNOWN))


def test_only_unknown_tags_count_at_the_charger(community):
    card = IdTagFactory(driver__community=community)
    for token in [card.token] * 5 + [f"guess {n}" for n in range(MOST_UNKNOWN)]:
        authorize_tag(community.pk, token, now=NOW, asked_by=CHARGER)
    assert not AuditEntry.objects.exists()
    authorize_tag(community.pk, "one more", now=NOW, asked_by=CHARGER)
    assert AuditEntry.objects.get().action == "tags.probed"
