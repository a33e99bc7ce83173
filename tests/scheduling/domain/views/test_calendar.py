from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from drivers.models import Membership, Preference
from evbalancer.common.errors import NotFound
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from scheduling.domain.views import calendar
from scheduling.enums import SlotState
from scheduling.models import CalendarFeed
from tests.factories.drivers import DriverFactory
from tests.factories.grid import ClusterFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def driver():
    return DriverFactory(community__name="Maple; Court")


def open_feed(driver):
    return calendar.open_feed(driver, actor=SYSTEM, now=NOW)


def slot(driver, **fields):
    cluster = ClusterFactory(community=driver.community)
    return SlotRequestFactory(driver=driver, cluster=cluster, **({"created_at": NOW} | fields))


def values(feed, name):
    lines = feed.replace("\r\n ", "").split("\r\n")
    return [line.partition(":")[2] for line in lines if line.startswith(f"{name}:")]


def test_feed_has_the_drivers_open_slots_by_their_end(driver):
    token = open_feed(driver)
    late, early = slot(driver), slot(driver, ready_by=NOW + HOUR, state=SlotState.QUEUED, promised_wh=0)
    slot(driver, state=SlotState.CANCELLED)
    slot(driver, not_before=NOW - HOUR, ready_by=NOW)
    slot(DriverFactory(community=driver.community))
    feed = calendar.read_feed(token, now=NOW)
    assert values(feed, "UID") == [f"{early.pk}@evbalancer", f"{late.pk}@evbalancer"]
    assert values(feed, "STATUS") == ["TENTATIVE", "CONFIRMED"]
    assert (values(feed, "DTSTART")[0], values(feed, "DTEND")[0]) == ("20261102T180000Z", "20261102T190000Z")
    assert values(feed, "X-WR-CALNAME") == ["Maple\\; Court"]


def test_feed_is_in_the_drivers_language_whoever_asks(driver):
    Preference.objects.create(community=driver.community, driver=driver, language="de")
    token = open_feed(driver)
    slot(driver, energy_wh=20_500, promised_wh=10_000)
    with override("en"):
        feed = calendar.read_feed(token, now=NOW)
    assert values(feed, "SUMMARY") == ["Zugesagt: 20\\,5 kWh"]


def test_new_address_ends_the_one_before(driver):
    old, new = open_feed(driver), open_feed(driver)
    with pytest.raises(NotFound):
        calendar.read_feed(old, now=NOW)
    assert calendar.read_feed(new, now=NOW).startswith("BEGIN:VCALENDAR\r\n")
    assert CalendarFeed.objects.get().token_digest not in (old, new)


def test_closed_feed_and_one_of_a_driver_who_left_do_not_exist(driver):
    token = open_feed(driver)
    Membership.objects.all().delete()
    with pytest.raises(NotFound):
        calendar.read_feed(token, now=NOW)
    other = DriverFactory()
    token = open_feed(other)
    for _ in range(2):
        calendar.close_feed(other, actor=SYSTEM, now=NOW)
    with pytest.raises(NotFound):
        calendar.read_feed(token, now=NOW)
    assert AuditEntry.objects.filter(action="calendar.closed").count() == 1


def test_names_break_no_line_and_are_folded_between_characters():
    name = "Ü" * 60 + "\r\nBEGIN:VEVENT\x00, a\\b;c"
    text = calendar.render_calendar([], name=name)
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= calendar.LONGEST_LINE for line in lines)
    assert values(text, "X-WR-CALNAME") == ["Ü" * 60 + "\\nBEGIN:VEVENT\\, a\\\\b\\;c"]
    assert "BEGIN:VEVENT" not in lines
