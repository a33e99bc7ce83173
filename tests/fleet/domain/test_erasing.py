from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from drivers.domain.erasing import erase_person
from fleet.domain import connecting, connections
from fleet.domain.erasing import erase_cars
from fleet.domain.vehicles import record_state
from fleet.enums import ChargeState, ConnectionState, PlugState, ReadingSource
from fleet.models import SmartcarConnection, Vehicle, VehicleReading
from fleet.smartcar.gateway import CarState
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.server import Canned

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
TOLD = CarState(
    measured_at=NOW,
    charge_pct=60,
    range_km=300,
    odometer_km=12_345,
    charge_limit_pct=80,
    plug_state=PlugState.PLUGGED,
    charge_state=ChargeState.CHARGING,
)


@pytest.fixture
def driver():
    return DriverFactory()


def erase(driver):
    erase_cars(driver, now=NOW)
    erase_person(driver, now=NOW)


def test_what_a_car_is_called_and_told_is_forgotten_and_its_row_stays(driver):
    car, neighbours = VehicleFactory(driver=driver), VehicleFactory(community=driver.community)
    Vehicle.objects.update(shares_location=True, is_here=True, here_at=NOW)
    for each in (car, neighbours):
        record_state(each, TOLD, source=ReadingSource.SMARTCAR, now=NOW)
    erase_cars(driver, now=NOW)
    fresh = VehicleFactory.build(name="Car")
    row, kept = Vehicle.objects.get(pk=car.pk), Vehicle.objects.get(pk=neighbours.pk)
    about = ("pk", "id", "driver_id", "community_id", "retired_at", "created_at")
    names = [field.attname for field in Vehicle._meta.concrete_fields if field.attname not in about]
    assert {name: getattr(row, name) for name in names} == {name: getattr(fresh, name) for name in names}
    assert row.retired_at == NOW
    assert (kept.charge_pct, kept.odometer_km, kept.is_here, kept.retired_at) == (60, 12_345, True, None)
    assert VehicleReading.objects.get().vehicle == neighbours


def test_consent_that_is_over_is_forgotten_with_the_cars_that_it_offered(driver):
    SmartcarConnection.objects.create(
        community=driver.community,
        driver=driver,
        smartcar_user_id="anna",
        state=ConnectionState.RECONNECT_NEEDED,
        state_since=NOW,
        scopes=["read_charge"],
        offered=[{"smartcar_id": "car-anna-1"}],
    )
    erase_cars(driver, now=NOW)
    row = SmartcarConnection.objects.get()
    assert (row.scopes, row.offered) == ([], [])
    assert row.smartcar_user_id != "anna"


@pytest.mark.promise("C11")
def test_consent_that_the_provider_has_not_ended_is_ended_later_and_then_forgotten(driver, smartcar, v3):
    car, user = smartcar.add_car("anna"), driver.user
    begun = connecting.begin_flow(driver, user, v3, now=NOW)
    [state] = parse_qs(urlsplit(begun.url).query)["state"]
    flow = connecting.use_state(state, begun.nonce, user=user, now=NOW)
    consent = connecting.finish_flow(flow, {"user_id": "anna"}, v3, now=NOW)
    smartcar.canned["/v3/connections"].append(Canned(500, {}))
    connections.disconnect_consent(consent, v3, by=user, now=NOW)
    erase(driver)
    consent.refresh_from_db()
    assert (consent.state, consent.smartcar_user_id) == (ConnectionState.DISCONNECTING, "anna")
    assert connections.finish_disconnecting(v3, now=NOW + timedelta(minutes=10)) == 1
    assert smartcar.disconnected == [car.id]
    consent.refresh_from_db()
    assert (consent.state, consent.scopes) == (ConnectionState.DISCONNECTED, [])
    assert consent.smartcar_user_id != "anna"
