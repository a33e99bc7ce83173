from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from chargers.enums import SessionState
from chargers.models import Session
from evbalancer.common.words.said import Said
from fleet.domain import connecting
from fleet.enums import ConnectionState
from fleet.models import SmartcarConnection, Vehicle
from fleet.smartcar.mock import MockGateway
from grid.domain.audit import SYSTEM
from grid.models import AuditEntry
from scheduling.domain.views.calendar import open_feed
from scheduling.domain.views.personal_data import SessionOpen, erase_driver, export_data
from scheduling.models import CalendarFeed, EmergencyRequest, Habit, SlotRequest
from tests.factories.drivers import DriverFactory
from tests.factories.world import populate

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def driver():
    driver = populate("MINE")["drivers.Driver"]
    Session.objects.update(state=SessionState.ENDED, unplugged_at=NOW)
    SmartcarConnection.objects.update(state=ConnectionState.DISCONNECTED)
    return driver


def erase(driver):
    erase_driver(driver, MockGateway(), by=driver.user, now=NOW)
    driver.refresh_from_db()


def test_export_has_sentences_beside_their_codes_and_no_secret(driver):
    said = Said("slot.driver_left")
    SlotRequest.objects.update(why_said=said)
    EmergencyRequest.objects.update(reasons=[Said("emergency.served"), Said.in_words("Go")])
    open_feed(driver, actor=SYSTEM, now=NOW)
    data = export_data(driver, now=NOW)
    assert (data["slot_requests"][0]["why"], data["slot_requests"][0]["why_said"]) == (
        "The driver left",
        said.stored,
    )
    assert data["emergencies"][0]["reasons"] == ["Served.", "Go"]
    names = {name for rows in data.values() if isinstance(rows, list) for row in rows for name in row}
    assert not {name for name in names if "token" in name and name != "token"}
    assert not {name for name in names if "encrypted" in name or ("digest" in name and name != "digest")}


def test_export_has_nothing_of_a_neighbour(driver):
    neighbour = populate("OTHER")
    data = export_data(neighbour["drivers.Driver"], now=NOW)
    assert "MINE" not in str(data)
    assert data["driver"]["name"] == neighbour["drivers.Driver"].name


def test_export_of_a_driver_without_an_account_has_none():
    data = export_data(DriverFactory(user=None, membership=None), now=NOW)
    assert (data["account"], data["memberships"], data["exported_at"]) == (None, [], NOW)


@pytest.mark.parametrize("state", [SessionState.PLUGGED_IN, SessionState.ACTIVE, SessionState.FINISHED])
def test_driver_whose_car_is_plugged_in_is_not_erased(driver, state):
    Session.objects.filter(driver=driver).update(state=state, unplugged_at=None)
    with pytest.raises(SessionOpen):
        erase(driver)
    driver.refresh_from_db()
    assert driver.retired_at is None
    assert not AuditEntry.objects.filter(action="driver.erased").exists()


def test_erased_driver_waits_for_nothing_and_has_no_calendar(driver):
    neighbour = populate("OTHER")["drivers.Driver"]
    Session.objects.update(state=SessionState.ENDED, unplugged_at=NOW)
    for each in (driver, neighbour):
        CalendarFeed.objects.filter(driver=each).delete()
        open_feed(each, actor=SYSTEM, now=NOW)
    erase(driver)
    slot = SlotRequest.objects.get(driver=driver)
    assert (slot.state, slot.why_said.code) == ("cancelled", "slot.account_closed")
    assert SlotRequest.objects.get(driver=neighbour).state == "promised"
    assert EmergencyRequest.objects.get(driver=driver).reason == ""
    assert [row.driver for row in (*CalendarFeed.objects.all(), *Habit.objects.all())] == [neighbour] * 2


def test_trail_of_the_erasure_names_nobody(driver):
    name = driver.name
    erase(driver)
    entry = AuditEntry.objects.get(action="driver.erased")
    assert (entry.target_id, entry.target_label) == (str(driver.pk), "Former driver")
    assert name not in (entry.target_label, driver.name, *Vehicle.objects.values_list("name", flat=True))


def test_consent_is_ended_with_its_tokens_and_its_name():
    driver, gateway = DriverFactory(), MockGateway()
    begun = connecting.begin_flow(driver, driver.user, gateway, now=NOW)
    [state] = parse_qs(urlsplit(begun.url).query)["state"]
    flow = connecting.use_state(state, begun.nonce, user=driver.user, now=NOW)
    consent = connecting.finish_flow(flow, {"code": "mock-code.zoe"}, gateway, now=NOW)
    assert (consent.state, consent.smartcar_user_id) == (ConnectionState.CONNECTED, "zoe")
    erase(driver)
    consent.refresh_from_db()
    assert (consent.state, consent.refresh_token_encrypted) == (ConnectionState.DISCONNECTED, "")
    assert "zoe" not in consent.smartcar_user_id
