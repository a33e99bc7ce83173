"""The iCalendar feed of a driver's slots: whoever has the address reads it, nobody else, and only that."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from drivers.domain import notifications
from grid.models import AuditEntry
from scheduling.domain.views import calendar
from scheduling.enums import SlotState
from scheduling.models import CalendarFeed
from tests.asserts.http import client_of
from tests.factories.drivers import DriverFactory
from tests.factories.grid import ClusterFactory
from tests.factories.scheduling import SlotRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return DriverFactory(community__name="Maple; Court")


@pytest.fixture
def address(driver):
    return made(driver)


def made(driver):
    answer = client_of(driver.user).post("/drivers/calendar")
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    return answer.json()["url"].removeprefix("http://testserver")


def slot(driver, **values):
    now = timezone.now().replace(microsecond=0)
    given = {
        "not_before": now,
        "ready_by": now + timedelta(hours=8),
        "energy_wh": 20_500,
        "promised_wh": 20_500,
        "state": SlotState.PROMISED,
        "state_since": now,
        "created_at": now,
    }
    if "cluster" not in values:
        given["cluster"] = ClusterFactory(community=driver.community, name="Garage")
    return SlotRequestFactory(driver=driver, **given | values)


def lines_of(body):
    assert body.endswith("\r\n")
    assert all(len(line.encode()) <= calendar.LONGEST_LINE for line in body.split("\r\n"))
    return body.replace("\r\n ", "").split("\r\n")


def test_feed_holds_the_open_slots_as_events(client, driver, address):
    mine = slot(driver)
    slot(driver, state=SlotState.CANCELLED, cluster=mine.cluster)
    slot(DriverFactory(community=driver.community), cluster=mine.cluster)
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    lines = lines_of(answer.content.decode())
    begin = lines.index("BEGIN:VEVENT")
    assert lines[begin : lines.index("END:VEVENT")] == [
        "BEGIN:VEVENT",
        f"UID:{mine.pk}@evbalancer",
        f"DTSTAMP:{mine.state_since:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{mine.not_before:%Y%m%dT%H%M%SZ}",
        f"DTEND:{mine.ready_by:%Y%m%dT%H%M%SZ}",
        "SUMMARY:Promised: 20.5 kWh",
        "DESCRIPTION:20.5 kWh of 20.5 kWh are promised.",
        "LOCATION:Garage",
        "STATUS:CONFIRMED",
    ]
    assert (lines.count("BEGIN:VEVENT"), "X-WR-CALNAME:Maple\\; Court" in lines) == (1, True)


def test_feed_speaks_the_drivers_language(client, driver, address):
    notifications.set_language(driver.user, "de")
    slot(driver, state=SlotState.QUEUED)
    assert "SUMMARY:Wartet: 20\\,5 kWh" in client.get(address).content.decode()


def test_wrong_address_is_not_found_and_nothing_but_get_is_taken(client, address):
    assert client.get("/calendar/wrong.ics").status_code == 404
    assert client.post(address).status_code == 405


def test_new_address_ends_the_one_before_and_closing_ends_it(client, driver, address):
    api, other = client_of(driver.user), made(driver)
    assert [client.get(path).status_code for path in (address, other)] == [404, 200]
    assert api.get("/drivers/calendar").json()["is_open"] is True
    assert api.delete("/drivers/calendar").status_code == 204
    assert (client.get(other).status_code, api.get("/drivers/calendar").json()["is_open"]) == (404, False)
    actions = AuditEntry.objects.filter(action__startswith="calendar.").values_list("action", flat=True)
    assert sorted(actions) == ["calendar.closed", "calendar.opened", "calendar.opened"]


def test_address_ends_with_the_account(client, driver, address):
    driver.user.is_active = False
    driver.user.save()
    assert client.get(address).status_code == 404


def test_only_a_hash_of_the_address_is_kept(address):
    assert address.split("/")[-1].removesuffix(".ics") not in str(CalendarFeed.objects.values().get())


@given(st.text())
def test_any_text_stays_within_its_line(text):
    escaped = calendar._escaped(text)
    folded = calendar._folded(f"SUMMARY:{escaped}")
    assert folded.replace("\r\n ", "") == f"SUMMARY:{escaped}"
    assert all(len(line.encode()) <= calendar.LONGEST_LINE for line in folded.split("\r\n"))
    assert not set("\r\n") & set(escaped)
