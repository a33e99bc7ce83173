from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from chargers.domain.sessions import occupants
from chargers.enums import ConnectorStatus, SessionState
from chargers.events import SessionClosed, SessionOpened, TransactionEnded, TransactionStarted
from evbalancer.common.events import publish
from fleet.domain import stays
from fleet.domain.vehicles import record_state
from fleet.enums import ChargeState, PlugState, ReadingSource
from fleet.models import Stay, VehicleLesson
from fleet.smartcar.gateway import CarState
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.factories.chargers import ConnectorFactory, SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.factories.fleet import VehicleFactory

NOW = datetime.now(UTC).replace(microsecond=0)
CAME = NOW - timedelta(hours=3)
pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return DriverFactory()


@pytest.fixture
def session(driver):
    connector = ConnectorFactory(circuit__cluster__community=driver.community)
    return SessionFactory(
        connector=connector,
        driver=driver,
        plugged_at=CAME,
        started_at=CAME,
        state=SessionState.ACTIVE,
    )


def tell(event_type, session):
    with transaction.atomic():
        publish(event_type(session_id=session.pk, cluster_id=session.connector.charge_point.cluster_id))
    session.refresh_from_db()


def report(vehicle, at=NOW, **said):
    record_state(vehicle, CarState(measured_at=at, **said), source=ReadingSource.SMARTCAR, now=NOW)


def test_session_is_of_the_drivers_only_car(driver, session):
    vehicle = VehicleFactory(driver=driver)
    tell(TransactionStarted, session)
    assert session.vehicle == vehicle
    stay = Stay.objects.get()
    assert (stay.session_id, stay.confidence_pct, stay.told_by) == (session.pk, 80, "evidence")


def test_session_of_one_of_two_cars_waits_for_what_they_say(driver, session):
    VehicleFactory(driver=driver)
    here = VehicleFactory(driver=driver)
    tell(TransactionStarted, session)
    assert session.vehicle is None
    report(here, plug_state=PlugState.PLUGGED)
    session.refresh_from_db()
    assert session.vehicle == here
    report(here, plug_state=PlugState.UNPLUGGED, at=NOW)
    session.refresh_from_db()
    assert session.vehicle != here


def test_session_without_a_card_is_of_a_car_that_came_then(driver, session):
    session.driver = None
    session.save()
    vehicle = VehicleFactory(driver=driver)
    tell(SessionOpened, session)
    assert session.vehicle is None
    report(vehicle, at=CAME + timedelta(minutes=2), plug_state=PlugState.PLUGGED)
    session.refresh_from_db()
    assert session.vehicle == vehicle


def test_drivers_word_is_never_overruled(driver, session):
    VehicleFactory(driver=driver)
    mine = VehicleFactory(driver=driver)
    tell(TransactionStarted, session)
    client = client_of(driver.user)
    [stay] = client.get("/fleet/stays").json()["results"]
    tapped = client.post(f"/fleet/stays/{stay['id']}/vehicle", {"vehicle_id": str(mine.pk)}, format="json")
    assert (tapped.json()["vehicle_id"], tapped.json()["confidence_pct"]) == (str(mine.pk), 100)
    session.refresh_from_db()
    assert session.vehicle == mine
    report(mine, plug_state=PlugState.UNPLUGGED)
    tell(TransactionStarted, session)
    assert session.vehicle == mine
    assert AuditEntry.objects.filter(action="stay.corrected").count() == 1
    client.post(f"/fleet/stays/{stay['id']}/vehicle", {"vehicle_id": None}, format="json")
    session.refresh_from_db()
    assert session.vehicle is None


def test_only_the_driver_says_which_car_and_only_one_of_theirs(driver, session):
    tell(TransactionStarted, session)
    path = f"/fleet/stays/{Stay.objects.get().pk}/vehicle"
    foreign = {"vehicle_id": str(VehicleFactory(driver=DriverFactory(community=driver.community)).pk)}
    assert_problem(client_of(driver.user).post(path, foreign, format="json"), 404, "not_found")
    manager = client_of(manager_of(driver.community))
    assert_problem(manager.post(path, {"vehicle_id": None}, format="json"), 404, "not_found")


def test_car_leaves_with_its_session(driver, session):
    vehicle = VehicleFactory(driver=driver)
    tell(TransactionStarted, session)
    shown = client_of(driver.user).get(f"/fleet/vehicle/{vehicle.pk}").json()["stay"]
    assert shown["session_id"] == str(session.pk)
    tell(SessionClosed, session)
    assert Stay.objects.get().ended_at is not None
    assert client_of(driver.user).get(f"/fleet/vehicle/{vehicle.pk}").json()["stay"] is None


class TestFull:
    @pytest.fixture
    def vehicle(self, driver, session):
        vehicle = VehicleFactory(driver=driver)
        tell(TransactionStarted, session)
        return vehicle

    def full(self, session):
        return stays.full_sessions([session.pk], now=NOW)

    def test_car_that_says_it_is_full_may_release_its_share(self, session, vehicle):
        report(vehicle, plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
        assert self.full(session) == {session.pk}

    @pytest.mark.promise("C11")
    @pytest.mark.parametrize(
        ("at", "said"),
        [
            (CAME - timedelta(minutes=1), {"charge_state": ChargeState.FULL}),
            (NOW - timedelta(hours=2), {"charge_state": ChargeState.FULL}),
            (NOW, {"charge_state": ChargeState.FULL, "plug_state": PlugState.UNPLUGGED}),
            (NOW, {"charge_pct": 100}),
        ],
    )
    def test_what_is_stale_or_absent_releases_nothing(self, session, vehicle, at, said):
        report(vehicle, at=at, **said)
        assert self.full(session) == set()

    @pytest.mark.promise("C11")
    def test_car_that_is_not_known_well_releases_nothing(self, session, vehicle):
        report(vehicle, plug_state=PlugState.PLUGGED, charge_state=ChargeState.FULL)
        Stay.objects.update(confidence_pct=79)
        assert self.full(session) == set()


class TestLearning:
    def end(self, session, energy_wh=20_000):
        session.state, session.stopped_at, session.energy_wh = SessionState.FINISHED, NOW, energy_wh
        session.save()
        tell(TransactionEnded, session)

    @pytest.fixture
    def vehicle(self, driver, session):
        vehicle = VehicleFactory(driver=driver, battery_wh=None)
        report(vehicle, at=CAME - timedelta(minutes=5), charge_pct=30)
        tell(TransactionStarted, session)
        return vehicle

    def test_capacity_is_learned_when_the_last_reading_comes_after_the_end(self, vehicle, session):
        self.end(session)
        assert not VehicleLesson.objects.exists()
        report(vehicle, at=NOW + timedelta(minutes=1), charge_pct=60)
        vehicle.refresh_from_db()
        assert (vehicle.learned_battery_wh, vehicle.usable_wh) == (60_000, 60_000)

    def test_session_teaches_once(self, vehicle, session):
        self.end(session)
        for minutes in (1, 2):
            report(vehicle, at=NOW + timedelta(minutes=minutes), charge_pct=60)
        assert VehicleLesson.objects.count() == 1

    def test_car_without_a_link_teaches_by_the_drivers_number_and_by_stopping_itself(self, vehicle, session):
        session.connector.status = ConnectorStatus.SUSPENDED_EV
        session.connector.save()
        self.end(session, energy_wh=40_000)
        vehicle.refresh_from_db()
        assert vehicle.learned_battery_wh == 51_429

    def test_nothing_is_learned_of_nobody(self, session):
        self.end(session)
        occupants.learn_from(session, now=NOW)
        assert not VehicleLesson.objects.exists()
