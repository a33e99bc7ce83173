import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Barrier
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection as database

from evbalancer.common.security.encryption import KeyMissing, decrypt, encrypt
from fleet.domain import connecting, connections, polling
from fleet.domain.stays import open_stay
from fleet.domain.vehicles import record_state
from fleet.enums import ConnectionState, ReadingSource
from fleet.errors import ConnectRefused, ProviderUnavailable, ReconnectNeeded
from fleet.models import SmartcarConnection, Stay, Vehicle, VehicleReading
from fleet.smartcar.gateway import CarState
from grid.models import AuditEntry
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.server import Canned

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return DriverFactory()


def connect(driver, gateway, code="", now=NOW, **brought):
    begun = connecting.begin_flow(driver, driver.user, gateway, now=now)
    state = connecting.use_state(_state(begun.url), begun.nonce, user=driver.user, now=now)
    return connecting.finish_flow(state, brought or {"code": code}, gateway, now=now)


def _state(url):
    return parse_qs(urlsplit(url).query)["state"][0]


@pytest.fixture
def linked(driver, smartcar, live):
    smartcar.add_car("anna")
    return connect(driver, live, smartcar.consent("anna"))


def test_connection_lists_the_cars_of_the_consent(driver, linked):
    vehicle = Vehicle.objects.get()
    assert (vehicle.driver, vehicle.connection, vehicle.name) == (driver, linked, "TESLA Model 3")
    assert "read_battery" in linked.scopes
    assert AuditEntry.objects.get().action == "smartcar.connected"


def test_connection_made_again_is_the_same_row(driver, linked, smartcar, live):
    again = connect(driver, live, smartcar.consent("anna"))
    assert (again.pk, Vehicle.objects.count()) == (linked.pk, 1)


def test_car_linked_by_a_neighbour_is_not_taken_over(driver, linked, smartcar, live):
    neighbour = DriverFactory(community=driver.community)
    connect(neighbour, live, smartcar.consent("anna"))
    assert Vehicle.objects.get().driver == driver


@pytest.mark.promise("C8")
@pytest.mark.promise("C1")
def test_naming_somebody_elses_id_opens_none_of_their_cars(driver, smartcar, v3):
    smartcar.add_car("anna")
    annas = connect(driver, v3, user_id="anna")
    thief = DriverFactory(community=driver.community)
    with pytest.raises(ConnectRefused, match="Somebody else"):
        connect(thief, v3, user_id="anna")
    assert list(SmartcarConnection.objects.all()) == [annas]
    # The same person may drive in two communities, and whoever has disconnected holds nothing any more.
    elsewhere = connect(DriverFactory(user=driver.user), v3, user_id="anna")
    for connection in (annas, elsewhere):
        connections.disconnect_consent(connection, v3, by=driver.user, now=NOW)
    smartcar.add_car("anna")
    assert connect(thief, v3, user_id="anna").driver == thief


def test_tokens_are_not_readable_at_rest(linked):
    columns = SmartcarConnection.objects.values("access_token_encrypted", "refresh_token_encrypted").get()
    assert "anna" not in str(columns)
    assert decrypt(columns["access_token_encrypted"]).startswith("access-anna")


@pytest.mark.promise("C2")
@pytest.mark.django_db(transaction=True)
def test_twenty_refreshers_make_one_request_and_share_the_new_token(linked, smartcar, live):
    posts = len(smartcar.posts_to("/oauth/token"))
    barrier = Barrier(20)

    def refresh(_):
        barrier.wait()
        try:
            return connections.get_access(linked.pk, live, now=LATER)
        finally:
            database.close()

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(refresh, range(20)))
    assert len(smartcar.posts_to("/oauth/token")) - posts == 1
    linked.refresh_from_db()
    assert {access.token for access in tokens} == {decrypt(linked.access_token_encrypted)}


def test_fresh_token_is_used_without_a_request(linked, smartcar, live):
    posts = len(smartcar.posts_to("/oauth/token"))
    connections.get_access(linked.pk, live, now=NOW)
    assert len(smartcar.posts_to("/oauth/token")) == posts


@pytest.mark.promise("C3")
def test_crash_between_answer_and_commit_is_recovered_within_the_minute(linked, smartcar, live, monkeypatch):
    def crash(*args, **kwargs):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(connections, "encrypt_tokens", crash)
        with pytest.raises(SystemExit):
            connections.get_access(linked.pk, live, now=LATER)
    SmartcarConnection.objects.update(refreshing_until=NOW)  # the dead one's lease is over
    access = connections.get_access(linked.pk, live, now=LATER)
    linked.refresh_from_db()
    assert (linked.state, decrypt(linked.access_token_encrypted)) == (ConnectionState.CONNECTED, access.token)


@pytest.mark.promise("C3")
def test_crash_that_lasts_needs_a_new_consent_and_loses_no_car(linked, smartcar, live):
    smartcar.spent[decrypt(linked.refresh_token_encrypted)] = -1000.0
    with pytest.raises(ReconnectNeeded):
        connections.get_access(linked.pk, live, now=LATER)
    linked.refresh_from_db()
    assert (linked.state, linked.refresh_token_encrypted) == (ConnectionState.RECONNECT_NEEDED, "")
    assert Vehicle.objects.get().connection == linked


@pytest.mark.promise("C4")
def test_provider_in_trouble_disconnects_nobody(linked, smartcar, live):
    smartcar.canned["/oauth/token"].extend([Canned(503, {}), Canned(200, b"?")])
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            connections.get_access(linked.pk, live, now=LATER)
    linked.refresh_from_db()
    assert (linked.state, linked.refreshing_until) == (ConnectionState.CONNECTED, None)
    assert connections.get_access(linked.pk, live, now=LATER)


@pytest.mark.promise("C9")
@pytest.mark.parametrize("process_zone", ["America/Los_Angeles", "Europe/Berlin"])
def test_tokens_are_refreshed_at_the_right_time_in_any_zone(
    linked, smartcar, live, monkeypatch, process_zone
):
    monkeypatch.setenv("TZ", process_zone)
    time.tzset()
    assert connections.refresh_due(live, now=NOW + timedelta(minutes=104)) == 0
    assert connections.refresh_due(live, now=NOW + timedelta(minutes=106)) == 1
    monkeypatch.undo()
    time.tzset()


def test_refresh_of_one_that_fails_keeps_no_other_waiting(linked, smartcar, live):
    smartcar.add_car("ben")
    connect(DriverFactory(), live, smartcar.consent("ben"))
    smartcar.canned["/oauth/token"].append(Canned(500, {}))
    assert connections.refresh_due(live, now=LATER) == 1


@pytest.mark.promise("C11")
def test_disconnect_revokes_and_wipes(linked, smartcar, live, driver):
    car = Vehicle.objects.get()
    connections.disconnect_consent(linked, live, by=driver.user, now=NOW)
    assert smartcar.disconnected == [car.smartcar_id]
    assert tokens_of(linked) == (ConnectionState.DISCONNECTED, "", "")
    car.refresh_from_db()
    assert (car.connection, car.smartcar_id) == (None, "")


def tokens_of(linked):
    linked.refresh_from_db()
    return linked.state, linked.access_token_encrypted, linked.refresh_token_encrypted


@pytest.mark.promise("C11")
def test_disconnect_that_the_provider_did_not_hear_is_told_again(linked, smartcar, live, driver):
    smartcar_id = Vehicle.objects.get().smartcar_id
    path = f"/v2.0/vehicles/{smartcar_id}/application"
    smartcar.canned[path].extend([Canned(500, {}), Canned(503, {})])
    connections.disconnect_consent(linked, live, by=driver.user, now=NOW)
    assert (Vehicle.objects.get().connection, smartcar.disconnected) == (None, [])
    with pytest.raises(ReconnectNeeded):
        connections.get_access(linked.pk, live, now=NOW)
    assert connections.finish_disconnecting(live, now=NOW + timedelta(minutes=10)) == 0
    assert connections.finish_disconnecting(live, now=NOW + timedelta(minutes=20)) == 1
    assert smartcar.disconnected == [smartcar_id]
    assert tokens_of(linked) == (ConnectionState.DISCONNECTED, "", "")


@pytest.mark.promise("C11")
def test_tokens_are_wiped_after_a_day_of_trying(linked, smartcar, live, driver):
    path = f"/v2.0/vehicles/{Vehicle.objects.get().smartcar_id}/application"
    smartcar.canned[path].extend([Canned(500, {})] * 2)
    connections.disconnect_consent(linked, live, by=driver.user, now=NOW)
    connections.finish_disconnecting(live, now=NOW + timedelta(days=1))
    assert tokens_of(linked) == (ConnectionState.DISCONNECTED, "", "")


@pytest.mark.promise("C11")
def test_last_car_taken_away_ends_the_consent(linked, smartcar, live, driver):
    car = Vehicle.objects.get()
    connections.release_car(car, live, by=driver.user, now=NOW)
    assert smartcar.disconnected == [car.smartcar_id]
    assert tokens_of(linked) == (ConnectionState.DISCONNECTED, "", "")


@pytest.mark.promise("C11")
def test_one_of_two_cars_taken_away_leaves_the_other(linked, smartcar, live, driver):
    other = smartcar.add_car("anna", model="Model Y")
    connect(driver, live, smartcar.consent("anna"))
    car = Vehicle.objects.exclude(smartcar_id=other.id).get()
    connections.release_car(car, live, by=driver.user, now=NOW)
    assert smartcar.disconnected == [car.smartcar_id]
    assert tokens_of(linked)[0] == ConnectionState.CONNECTED


@pytest.mark.promise("C8")
class TestKeys:
    OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def test_wrong_key_is_a_clear_error(self, settings):
        settings.FIELD_ENCRYPTION_KEYS = [self.OLD]
        secret = encrypt("token")
        settings.FIELD_ENCRYPTION_KEYS = [self.NEW]
        with pytest.raises(KeyMissing, match="Put the old key back"):
            decrypt(secret)

    @pytest.mark.parametrize("keys", [["short"], []])
    def test_no_key_is_a_clear_error(self, settings, keys):
        settings.FIELD_ENCRYPTION_KEYS = keys
        with pytest.raises(KeyMissing, match="FIELD_ENCRYPTION_KEYS"):
            encrypt("token")

    def test_demo_needs_no_key(self, settings):
        settings.FIELD_ENCRYPTION_KEYS, settings.DEMO = [], True
        assert decrypt(encrypt("token")) == "token"

    def test_ten_thousand_rows_come_under_the_new_key_and_the_old_one_can_go(self, settings, driver):
        settings.FIELD_ENCRYPTION_KEYS = [self.OLD]
        secret = encrypt("token")
        SmartcarConnection.objects.bulk_create(
            SmartcarConnection(
                community=driver.community,
                driver=driver,
                smartcar_user_id=str(number),
                state_since=NOW,
                access_token_encrypted=secret,
                refresh_token_encrypted=secret,
            )
            for number in range(10_000)
        )
        settings.FIELD_ENCRYPTION_KEYS = [self.NEW, self.OLD]
        call_command("rotate_field_keys", stdout=StringIO())
        settings.FIELD_ENCRYPTION_KEYS = [self.NEW]
        stored = SmartcarConnection.objects.values_list("access_token_encrypted", "refresh_token_encrypted")
        assert {decrypt(token) for row in stored[:50] for token in row} == {"token"}
        assert not SmartcarConnection.objects.filter(refresh_token_encrypted=secret).exists()

    def test_rotation_with_a_wrong_key_says_so(self, settings, linked):
        settings.FIELD_ENCRYPTION_KEYS = [self.NEW]
        with pytest.raises(CommandError, match="Put the old key back"):
            call_command("rotate_field_keys")


def test_polling_stores_the_state_and_asks_again_only_when_due(linked, smartcar, live):
    assert polling.refresh_states(live, now=NOW) == 1
    vehicle = Vehicle.objects.get()
    assert (vehicle.charge_pct, vehicle.battery_wh, vehicle.charge_source) == (
        50,
        60_000,
        ReadingSource.SMARTCAR,
    )
    assert VehicleReading.objects.count() == 1
    assert polling.refresh_states(live, now=NOW + timedelta(minutes=179)) == 0
    assert polling.refresh_states(live, now=NOW + timedelta(minutes=180)) == 1


@pytest.mark.promise("C5")
def test_polling_leaves_a_limited_car_alone_as_long_as_it_is_told(linked, smartcar, live):
    car = Vehicle.objects.get()
    path = f"/v2.0/vehicles/{car.smartcar_id}/batch"
    body = {"statusCode": 429, "type": "RATE_LIMIT", "code": "VEHICLE", "description": "x"}
    smartcar.canned[path].append(Canned(429, body, {"Retry-After": "7200"}))
    polling.refresh_states(live, now=NOW)
    calls = len(smartcar.posts_to(path))
    open_stay(uuid4(), community_id=car.community_id, driver_id=car.driver_id, began_at=NOW)
    Stay.objects.update(vehicle=car)
    for minutes in range(1, 120, 5):
        polling.refresh_states(live, now=NOW + timedelta(minutes=minutes))
    assert len(smartcar.posts_to(path)) == calls
    assert polling.refresh_states(live, now=NOW + timedelta(hours=2, minutes=1)) == 1


@pytest.mark.promise("C11")
def test_polling_failure_leaves_what_was_known(linked, smartcar, live):
    polling.refresh_states(live, now=NOW)
    car = Vehicle.objects.get()
    smartcar.canned[f"/v2.0/vehicles/{car.smartcar_id}/batch"].append(Canned(500, b"?"))
    polling.refresh_states(live, now=LATER)
    car.refresh_from_db()
    assert (car.charge_pct, car.charge_at.date()) == (50, NOW.date())


def test_no_token_reaches_the_log(linked, smartcar, live, caplog):
    caplog.set_level(logging.DEBUG)
    smartcar.canned["/oauth/token"].append(Canned(500, {}))
    connections.refresh_due(live, now=LATER)
    polling.refresh_states(live, now=LATER)
    said = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("fleet", "evbalancer"))
    )
    assert "access-anna" not in said
    assert "refresh-anna" not in said


def test_older_reading_does_not_overwrite_a_newer_one():
    vehicle = VehicleFactory()
    assert record_state(vehicle, CarState(NOW, charge_pct=60), source=ReadingSource.SMARTCAR, now=NOW)
    old = CarState(NOW - timedelta(hours=1), charge_pct=40)
    assert not record_state(vehicle, old, source=ReadingSource.SMARTCAR, now=NOW)
    assert (vehicle.charge_pct, VehicleReading.objects.count()) == (60, 2)
