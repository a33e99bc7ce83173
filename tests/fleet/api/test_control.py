"""Starting, stopping and limiting through the car; choosing among several; and what one car's page tells."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chargers.enums import SessionState
from chargers.models import ChargePoint, Connector, Session
from fleet.domain import budget
from fleet.models import SmartcarConnection, Vehicle
from grid.models import AuditEntry
from tests.asserts.http import assert_problem, client_of
from tests.asserts.pages import leads_to
from tests.factories.chargers import SessionFactory
from tests.factories.drivers import DriverFactory, manager_of
from tests.fakesmartcar.server import refused

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html"}


@pytest.fixture
def driver():
    return DriverFactory()


@pytest.fixture
def browser(driver):
    client = Client()
    client.force_login(driver.user)
    return client


@pytest.fixture(autouse=True)
def _credentials(settings, smartcar):
    settings.SMARTCAR_CLIENT_ID, settings.SMARTCAR_CLIENT_SECRET = "id", "secret"


def callback(browser, smartcar, *, scopes=None, headers=None):
    from urllib.parse import parse_qs, urlsplit

    asked = parse_qs(urlsplit(leads_to(browser.get("/auth/smartcar/connect", headers=HTML))).query)
    code = smartcar.consent("anna", scopes)
    return browser.get(
        f"/auth/smartcar/callback?code={code}&state={asked['state'][0]}", headers=headers or {}
    )


@pytest.fixture
def car(browser, smartcar):
    there = smartcar.add_car("anna")
    callback(browser, smartcar)
    return there


@pytest.fixture
def address(car):
    return f"/fleet/vehicle/{Vehicle.objects.get().pk}"


def test_driver_stops_starts_and_limits_the_car(driver, car, address):
    client = client_of(driver.user)
    assert client.post(f"{address}/charging", {"action": "stop"}, format="json").status_code == 200
    assert car.state == "NOT_CHARGING"
    assert client.post(f"{address}/charging", {"action": "start"}, format="json").status_code == 200
    response = client.post(f"{address}/charge-limit", {"pct": 80}, format="json")
    assert (car.state, car.limit, response.json()["charge_limit_pct"]) == ("CHARGING", 0.8, 80)
    told = AuditEntry.objects.filter(action__startswith="vehicle.").values_list("action", flat=True)
    assert sorted(told) == ["vehicle.limit", "vehicle.start", "vehicle.stop"]


@pytest.mark.parametrize("body", [{"action": "fly"}, {}])
def test_car_is_told_nothing_else(driver, car, address, body):
    assert_problem(client_of(driver.user).post(f"{address}/charging", body, format="json"), 400, "invalid")


@pytest.mark.parametrize("pct", [49, 101, "x", None])
def test_charge_limit_that_no_car_takes_is_refused(driver, car, address, pct):
    client = client_of(driver.user)
    assert_problem(client.post(f"{address}/charge-limit", {"pct": pct}, format="json"), 400, "invalid")


def test_car_that_does_not_obey_is_a_clear_refusal(driver, smartcar, car, address):
    smartcar.canned[f"/v2.0/vehicles/{car.id}/charge"].append(refused(409, "VEHICLE_STATE", "ASLEEP"))
    client = client_of(driver.user)
    response = client.post(f"{address}/charging", {"action": "start"}, format="json")
    assert_problem(response, 409, "car_refused")
    again = client.post(f"{address}/charging", {"action": "start"}, format="json")
    assert "until" in assert_problem(again, 503, "car_not_asked")
    assert not AuditEntry.objects.filter(action="vehicle.start").exists()


def test_consent_without_control_says_so(driver, browser, smartcar):
    smartcar.add_car("anna")
    callback(browser, smartcar, scopes=["read_battery", "read_charge"])
    vehicle = Vehicle.objects.get()
    client = client_of(driver.user)
    assert client.get(f"/fleet/vehicle/{vehicle.pk}").json()["can_control"] is False
    response = client.post(f"/fleet/vehicle/{vehicle.pk}/charging", {"action": "stop"}, format="json")
    assert_problem(response, 409, "not_granted")


class TestWhereTheChargerCan:
    @pytest.fixture
    def session(self, car, address):
        """The car charges at a charger of ours that is online and holds its fallback."""
        now = timezone.now()
        vehicle = Vehicle.objects.get()
        session = SessionFactory(
            vehicle=vehicle, driver=vehicle.driver, state=SessionState.ACTIVE, plugged_at=now, started_at=now
        )
        ChargePoint.objects.update(
            booted_at=now - timedelta(hours=1), online_until=now + timedelta(minutes=1)
        )
        Connector.objects.update(fallback_ma=0)
        return session

    @pytest.mark.parametrize(
        ("action", "body"),
        [("charging", {"action": "start"}), ("charging", {"action": "stop"}), ("charge-limit", {"pct": 80})],
    )
    def test_the_car_is_not_told(self, driver, smartcar, car, address, session, action, body):
        client = client_of(driver.user)
        assert client.get(address).json()["can_control"] is False
        smartcar.calls.clear()
        response = client.post(f"{address}/{action}", body, format="json")
        assert "charger" in assert_problem(response, 409, "charger_steers")["detail"]
        assert smartcar.calls == []

    @pytest.mark.parametrize(
        ("rows", "changes"),
        [
            (ChargePoint.objects, {"online_until": None}),
            (ChargePoint.objects, {"online_until": timezone.now() - timedelta(seconds=1)}),
            (Connector.objects, {"fallback_ma": None}),
            (Connector.objects, {"uncontrollable_since": timezone.now()}),
            (Session.objects, {"state": SessionState.ENDED}),
            (Session.objects, {"vehicle": None}),
        ],
        ids=["never online", "offline", "unmanaged", "not obeying", "gone", "at none of ours"],
    )
    def test_the_car_is_told_where_it_cannot(self, driver, car, address, session, rows, changes):
        rows.update(**changes)
        client = client_of(driver.user)
        assert client.get(address).json()["can_control"] is True
        assert client.post(f"{address}/charging", {"action": "stop"}, format="json").status_code == 200
        assert car.state == "NOT_CHARGING"


def test_only_its_driver_controls_a_car(car, driver, address):
    manager = client_of(manager_of(driver.community))
    assert_problem(manager.post(f"{address}/charging", {"action": "stop"}, format="json"), 404, "not_found")
    assert car.state == "CHARGING"


def test_page_of_a_car_tells_everything_known(driver, car, address):
    client = client_of(driver.user)
    client.post(f"{address}/refresh")
    told = client.get(address).json()
    assert (told["charge_pct"], told["charge_source"], told["stale"]) == (50, "smartcar", False)
    assert (told["plug_state"], told["charge_state"], told["charge_limit_pct"]) == ("plugged", "charging", 90)
    assert (told["range_km"], told["odometer_km"], told["usable_wh"]) == (210, 12_346, 60_000)
    assert (told["calls_in_month"], told["calls_per_month"], told["can_control"]) == (1, 500, True)
    assert (told["connection_state"], told["stay"], told["is_here"]) == ("connected", None, None)
    [reading] = client.get(f"{address}/readings").json()["results"]
    assert (reading["charge_pct"], reading["source"]) == (50, "smartcar")


@pytest.mark.promise("C5")
def test_driver_who_asks_too_often_is_told_until_when(driver, car, address):
    client = client_of(driver.user)
    assert client.post(f"{address}/refresh").status_code == 200
    assert "until" in assert_problem(client.post(f"{address}/refresh"), 503, "car_not_asked")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 1),
        ("?plug_state=plugged", 1),
        ("?plug_state=unplugged", 0),
        ("?charge_pct__lt=60", 1),
        ("?charge_pct__gte=60", 0),
        ("?connection__isnull=true", 0),
        ("?make__iexact=tesla", 1),
        ("?limit=1&offset=1", 0),
    ],
)
def test_cars_are_filtered_and_paged(driver, car, address, query, count):
    client = client_of(driver.user)
    client.post(f"{address}/refresh")
    response = client.get(f"/fleet/vehicles{query}")
    assert len(response.json()["results"]) == count
    assert response.headers["ETag"]


@pytest.mark.promise("C11")
def test_car_taken_from_the_list_is_revoked_at_the_provider(driver, smartcar, car, address):
    assert client_of(driver.user).delete(address).status_code == 204
    assert smartcar.disconnected == [car.id]
    assert SmartcarConnection.objects.get().refresh_token_encrypted == ""


class TestChoice:
    @pytest.fixture
    def cars(self, smartcar):
        return [smartcar.add_car("anna"), smartcar.add_car("anna", make="RENAULT", model="Zoe")]

    def test_driver_chooses_among_several_cars(self, browser, smartcar, cars):
        page = callback(browser, smartcar, headers=HTML).content.decode()
        assert "Which car charges here?" in page
        assert not Vehicle.objects.exists()
        connection = SmartcarConnection.objects.get()
        form = {"connection": connection.pk, "smartcar_id": [cars[1].id]}
        done = browser.post("/auth/smartcar/choose", form)
        assert "RENAULT Zoe" in done.content.decode()
        assert Vehicle.objects.get().smartcar_id == cars[1].id

    def test_program_chooses_among_several_cars(self, driver, browser, smartcar, cars):
        offered = callback(browser, smartcar).json()["offered"]
        assert [car["smartcar_id"] for car in offered] == [car.id for car in cars]
        path = f"/fleet/connections/{SmartcarConnection.objects.get().pk}/choose"
        client = client_of(driver.user)
        wrong = client.post(path, {"smartcar_ids": ["car-ben-0"]}, format="json")
        assert_problem(wrong, 400, "invalid")
        right = client.post(path, {"smartcar_ids": [car.id for car in cars]}, format="json")
        assert len(right.json()) == 2
        assert_problem(client.post(path, {"smartcar_ids": [cars[0].id]}, format="json"), 400, "invalid")

    @pytest.mark.parametrize("form", [{}, {"connection": "x"}])
    def test_choice_of_nothing_has_a_page(self, browser, form):
        page = browser.post("/auth/smartcar/choose", form)
        assert (page.status_code, "Start again" in page.content.decode()) == (404, True)

    def test_choice_of_another_drivers_consent_does_not_exist(self, browser, smartcar, cars):
        callback(browser, smartcar)
        other = Client()
        other.force_login(DriverFactory().user)
        form = {"connection": SmartcarConnection.objects.get().pk, "smartcar_id": [cars[0].id]}
        assert other.post("/auth/smartcar/choose", form).status_code == 404
        assert not Vehicle.objects.exists()

    def test_choice_needs_a_person(self):
        assert Client().post("/auth/smartcar/choose").status_code == 302

    def test_choice_from_another_site_is_refused(self, driver):
        client = Client(enforce_csrf_checks=True)
        client.force_login(driver.user)
        assert client.post("/auth/smartcar/choose", {"connection": "x"}).status_code == 403

    def test_car_entered_by_hand_becomes_the_linked_one(self, driver, browser, smartcar):
        by_hand = client_of(driver.user).post(
            "/fleet/vehicles", {"name": "Mine", "make": "Tesla", "model": "model 3"}, format="json"
        )
        smartcar.add_car("anna")
        callback(browser, smartcar)
        vehicle = Vehicle.objects.get()
        assert (str(vehicle.pk), vehicle.name, vehicle.connection is not None) == (
            by_hand.json()["id"],
            "Mine",
            True,
        )


def test_scopes_are_a_setting_and_location_is_asked_for_alone(browser, settings, smartcar):
    settings.SMARTCAR_SCOPES = ["read_battery"]
    plain = leads_to(browser.get("/auth/smartcar/connect", headers=HTML))
    placed = leads_to(browser.get("/auth/smartcar/connect?location=1", headers=HTML))
    assert "scope=read_battery&" in plain
    assert "scope=read_battery+read_location&" in placed


@pytest.mark.promise("C5")
def test_connecting_counts_into_the_budget(browser, smartcar, car):
    assert budget.read_level(now=timezone.now()).calls == pytest.approx(115, abs=0.5)
    assert budget.read_level(now=timezone.now() + timedelta(hours=1)).calls == 120
