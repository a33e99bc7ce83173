from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from drivers.domain.drivers import app_token, authorize_tag, mask_token
from drivers.enums import IdTagKind
from drivers.models import IdTag
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory, IdTagFactory
from tests.factories.grid import CommunityFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def tag():
    return IdTagFactory(token="AbC123")


def status(tag, **changes):
    for name, value in changes.items():
        owner = tag.driver.user if name == "is_active" else tag if hasattr(tag, name) else tag.driver
        setattr(owner, name, value)
        owner.save()
    return authorize_tag(tag.community_id, tag.token, now=NOW).status


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "Accepted"),
        ({"blocked_at": NOW}, "Blocked"),
        ({"expires_at": NOW}, "Expired"),
        ({"expires_at": NOW + timedelta(seconds=1)}, "Accepted"),
        ({"suspended_until": NOW + timedelta(days=1)}, "Blocked"),
        ({"suspended_until": NOW}, "Accepted"),
        ({"retired_at": NOW}, "Invalid"),
        ({"is_active": False}, "Blocked"),
    ],
)
def test_tag_is_answered_by_its_own_and_its_drivers_state(tag, changes, expected):
    assert status(tag, **changes) == expected


@pytest.mark.parametrize("shown", ["AbC123", "ABC123", "abc123", " abc123 "])
def test_tag_is_known_in_any_case(tag, shown):
    assert authorize_tag(tag.community_id, shown, now=NOW).driver == tag.driver


@pytest.mark.parametrize("shown", ["", "ABC12", "ABC1234", "%", "_______"])
def test_unknown_tag_is_invalid(tag, shown):
    outcome = authorize_tag(tag.community_id, shown, now=NOW)
    assert (outcome.status, outcome.driver) == ("Invalid", None)


@pytest.mark.promise("S11")
def test_tag_of_another_community_is_invalid_and_names_nobody(tag):
    outcome = authorize_tag(CommunityFactory().pk, tag.token, now=NOW)
    assert (outcome.status, outcome.driver) == ("Invalid", None)


@pytest.mark.promise("S11")
def test_charger_that_tries_unknown_tags_is_reported_once_and_known_ones_still_work(tag):
    charger, other = uuid4(), uuid4()
    for number in range(20):
        authorize_tag(tag.community_id, f"X{number}", now=NOW, asked_by=charger)
        authorize_tag(tag.community_id, f"X{number}", now=NOW, asked_by=other)
    assert not AuditEntry.objects.exists()
    for _ in range(5):
        authorize_tag(tag.community_id, "X21", now=NOW, asked_by=charger)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id, entry.community_id) == (
        "tags.probed",
        str(charger),
        tag.community_id,
    )
    assert authorize_tag(tag.community_id, tag.token, now=NOW, asked_by=charger).status == "Accepted"


def test_app_tag_is_made_once():
    driver = DriverFactory()
    assert app_token(driver) == app_token(driver)
    assert IdTag.objects.get().kind == IdTagKind.APP


@pytest.mark.promise("S11")
@pytest.mark.parametrize(("token", "shown"), [("ABC123", "…23"), ("ABCD", "…"), ("", "…")])
def test_tag_is_shown_masked(token, shown):
    assert mask_token(token) == shown
