from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chargers.enums import SessionState
from drivers.models import User
from evbalancer.common.errors import InvalidInput, NotFound
from fleet.domain import budget, connecting, control
from fleet.errors import CallRefused, CarRefused, ChargerSteers, NotGranted
from fleet.models import SmartcarConnection, Vehicle
from fleet.smartcar.mock import MockGateway
from grid.models import AuditEntry
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.server import refused

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def there(smartcar):
    return smartcar.add_car("anna")


@pytest.fixture
def vehicle(there, smartcar, live):
    driver = DriverFactory()
    begun = connecting.begin_flow(driver, driver.user, MockGateway(), now=NOW)
    [state] = parse_qs(urlsplit(begun.url).query)["state"]
    flow = connecting.use_state(state, begun.nonce, user=driver.user, now=NOW)
    connecting.finish_flow(flow, {"code": smartcar.consent("anna")}, live, now=NOW)
    return Vehicle.objects.get()


def by(vehicle) -> User:
    return vehicle.driver.user


def test_car_obeys_and_who_told_it_is_audited(vehicle, there, live):
    control.stop_charging(vehicle, live, by=by(vehicle), now=NOW)
    assert there.state == "NOT_CHARGING"
    control.start_charging(vehicle, live, by=by(vehicle), now=NOW)
    assert there.state == "CHARGING"
    entries = AuditEntry.objects.filter(action__startswith="vehicle.")
    assert sorted(entries.values_list("action", "actor_id")) == [
        ("vehicle.start", str(by(vehicle).pk)),
        ("vehicle.stop", str(by(vehicle).pk)),
    ]
    assert budget.spent_on(NOW.date())["control", "answered"] == 2


@pytest.mark.parametrize("pct", [50, 100])
def test_limit_is_kept_once_the_car_has_taken_it(vehicle, there, live, pct):
    control.set_limit(vehicle, live, pct, by=by(vehicle), now=NOW)
    assert (there.limit, Vehicle.objects.get().charge_limit_pct) == (pct / 100, pct)
    assert AuditEntry.objects.get(action="vehicle.limit").after == {"pct": pct}


@pytest.mark.parametrize("pct", [49, 101])
def test_limit_that_no_car_takes_is_refused_without_a_call(vehicle, smartcar, live, pct):
    smartcar.calls.clear()
    with pytest.raises(InvalidInput) as wrong:
        control.set_limit(vehicle, live, pct, by=by(vehicle), now=NOW)
    assert (wrong.value.field, smartcar.calls) == ("pct", [])


def test_car_that_refuses_keeps_what_is_known_and_is_left_alone(vehicle, there, smartcar, live):
    smartcar.canned[f"/v2.0/vehicles/{there.id}/charge/limit"].append(refused(409, "VEHICLE_STATE", "ASLEEP"))
    with pytest.raises(CarRefused):
        control.set_limit(vehicle, live, 80, by=by(vehicle), now=NOW)
    stored = Vehicle.objects.get()
    assert (stored.charge_limit_pct, stored.failures) == (vehicle.charge_limit_pct, 1)
    assert not AuditEntry.objects.filter(action="vehicle.limit").exists()
    assert budget.spent_on(NOW.date())["control", "failed"] == 1
    with pytest.raises(CallRefused) as waits:
        control.start_charging(vehicle, live, by=by(vehicle), now=NOW + MINUTE)
    assert waits.value.until == stored.wait_until
    control.start_charging(vehicle, live, by=by(vehicle), now=stored.wait_until)


def test_car_that_is_not_linked_or_whose_consent_does_not_cover_it_is_not_told(vehicle, live, smartcar):
    by_hand = VehicleFactory(driver=vehicle.driver)
    with pytest.raises(NotFound):
        control.stop_charging(by_hand, live, by=by(vehicle), now=NOW)
    SmartcarConnection.objects.update(scopes=["read_charge"])
    vehicle.refresh_from_db()
    smartcar.calls.clear()
    with pytest.raises(NotGranted):
        control.stop_charging(vehicle, live, by=by(vehicle), now=NOW)
    assert smartcar.calls == []
    assert [control.is_possible(car, now=NOW) for car in (by_hand, vehicle)] == [False, False]


def test_charger_that_is_online_and_obeys_steers_the_car_alone(vehicle, live, smartcar):
    connector = ConnectorFactory(
        charge_point__booted_at=NOW - MINUTE,
        charge_point__online_until=NOW + MINUTE,
        fallback_ma=0,
    )
    assert control.is_possible(vehicle, now=NOW)
    session = SessionFactory(
        connector=connector, vehicle=vehicle, state=SessionState.ACTIVE, plugged_at=NOW, started_at=NOW
    )
    smartcar.calls.clear()
    assert not control.is_possible(vehicle, now=NOW)
    with pytest.raises(ChargerSteers):
        control.stop_charging(vehicle, live, by=by(vehicle), now=NOW)
    assert smartcar.calls == []
    session.state = SessionState.ENDED
    session.save()
    assert control.is_possible(vehicle, now=NOW)
