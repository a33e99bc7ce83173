from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from fleet.enums import ChargeState, PlugState
from fleet.smartcar.choice import gateway
from fleet.smartcar.gateway import Access, CarInfo, Cause, ConsentGoneError, GatewayError, Position
from fleet.smartcar.v3 import APPLICATION, V3Gateway
from tests.fakesmartcar.server import Canned

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def access(smartcar, v3):
    """The application's token, and the id of a user who consented."""
    smartcar.consent("anna")
    return Access(v3.refresh(APPLICATION, now=NOW).access_token, "anna")


def test_application_token_serves_every_user(smartcar, v3, access):
    assert (access.token, access.user_id) == ("application-1", "anna")
    car, other = smartcar.add_car("anna", year=2023), smartcar.add_car("ben")
    assert v3.cars(access) == [CarInfo(car.id, "TESLA", "Model 3", 2023)]
    bens = Access(access.token, "ben")
    assert [found.smartcar_id for found in v3.cars(bens)] == [other.id]
    assert "control_charge" in v3.scopes(access)


def test_text_and_years_that_no_database_stores_are_left_out(smartcar, v3, access):
    car = smartcar.add_car("anna", make="TES\0LA\ud800", model="\n", year=99_999)
    assert v3.cars(access) == [CarInfo(car.id, "TESLA", "", None)]


def test_state_is_the_same_as_version_2_says(smartcar, v3, live, access):
    car = smartcar.add_car("anna", percent=0.43, data_age="2026-11-02T17:40:00Z", state="FULLY_CHARGED")
    new = v3.state(access, car.id, now=NOW, with_location=True)
    pair = live.exchange_code(smartcar.consent("anna", ["read_location"]), now=NOW)
    old = live.state(Access(pair.access_token), car.id, now=NOW, with_location=True)
    assert new == old
    assert (new.charge_pct, new.battery_wh, new.charge_limit_pct) == (43, 60_000, 90)
    assert (new.plug_state, new.charge_state) == (PlugState.PLUGGED, ChargeState.FULL)
    assert (new.measured_at, new.position) == (NOW - timedelta(minutes=20), Position(52.52, 13.405))


def test_car_is_started_stopped_and_limited(smartcar, v3, access):
    car = smartcar.add_car("anna")
    v3.stop_charge(access, car.id)
    assert car.state == "NOT_CHARGING"
    v3.start_charge(access, car.id)
    v3.set_charge_limit(access, car.id, 80)
    assert (car.state, car.limit) == ("CHARGING", 0.8)
    car.plugged = False
    with pytest.raises(GatewayError) as failure:
        v3.start_charge(access, car.id)
    assert failure.value.cause == Cause.ASLEEP


def test_disconnect_removes_the_connection_of_that_car_alone(smartcar, v3, access):
    car, other = smartcar.add_car("anna"), smartcar.add_car("anna")
    v3.disconnect(access, car.id)
    assert smartcar.disconnected == [car.id]
    assert [found.smartcar_id for found in v3.cars(access)] == [other.id]


@pytest.mark.promise("C1")
def test_every_call_says_whose_car_it_is(smartcar, v3, access):
    cars = {owner: smartcar.add_car(owner) for owner in ("anna", "ben")}
    for _ in range(2):
        for owner, car in cars.items():
            own = Access(access.token, owner)
            v3.cars(own)
            v3.state(own, car.id, now=NOW)
            v3.stop_charge(own, car.id)
    told = [(call.path, call.user) for call in smartcar.calls if "/v3/vehicles/" in call.path]
    assert told
    assert all(path.split("/car-")[1].startswith(user + "-") for path, user in told)
    with pytest.raises(GatewayError) as failure:
        v3.state(Access(access.token, "ben"), cars["anna"].id, now=NOW)
    assert failure.value.cause == Cause.PERMISSION


@pytest.mark.promise("C2")
def test_application_token_is_fetched_once_by_many_and_again_before_it_ends(smartcar, v3):
    with ThreadPoolExecutor(20) as pool:
        tokens = {
            pair.access_token for pair in pool.map(lambda _: v3.refresh(APPLICATION, now=NOW), range(20))
        }
    assert (tokens, len(smartcar.posts_to("/oauth2/token"))) == ({"application-1"}, 1)
    assert v3.refresh(APPLICATION, now=NOW + timedelta(minutes=54)).access_token == "application-1"
    assert v3.refresh(APPLICATION, now=NOW + timedelta(minutes=56)).access_token == "application-2"


@pytest.mark.promise("C4")
@pytest.mark.parametrize(
    "answer",
    [
        Canned(400, {"error": "invalid_grant"}),
        Canned(401, {"error": "invalid_client"}),
        Canned(500, b""),
        Canned(200, {"expires_in": 3600}),
        Canned(200, {"access_token": "a", "expires_in": "soon"}),
    ],
)
def test_application_without_a_token_disconnects_nobody(smartcar, v3, answer):
    smartcar.canned["/oauth2/token"].append(answer)
    with pytest.raises(GatewayError) as failure:
        v3.refresh(APPLICATION, now=NOW)
    assert failure.value.cause == Cause.FAILED
    assert v3.refresh(APPLICATION, now=NOW).access_token == "application-1"


def test_connect_brings_the_users_id_and_no_code(smartcar, v3):
    smartcar.add_car("anna")
    asked = parse_qs(urlsplit(v3.connect_url("state")).query)
    assert asked["client_id"] == ["application-id"]
    brought = smartcar.brought("anna", application=asked["client_id"][0])
    consent = v3.redeem(brought, now=NOW)
    assert (brought, consent.user_id, consent.is_proven) == ({"user_id": "anna"}, "anna", False)
    assert consent.tokens.refresh_token == APPLICATION
    assert smartcar.posts_to("/oauth/token") == []


@pytest.mark.promise("C1")
@pytest.mark.parametrize(
    "brought",
    [{}, {"code": "x"}, {"user_id": ""}, {"user_id": "a b"}, {"user_id": "anna&page"}, {"user_id": "a" * 65}],
)
def test_what_is_no_users_id_is_not_asked_about(smartcar, v3, brought):
    with pytest.raises(ConsentGoneError):
        v3.redeem(brought, now=NOW)
    assert smartcar.calls == []


@pytest.mark.promise("C1")
def test_cars_of_others_are_left_out_though_the_filter_lets_them_through(smartcar, v3, access):
    car, other = smartcar.add_car("anna"), smartcar.add_car("ben")
    smartcar.is_unfiltered = True
    assert [found.smartcar_id for found in v3.cars(access)] == [car.id]
    v3.disconnect(access, other.id)
    assert smartcar.disconnected == []
    with pytest.raises(ConsentGoneError):
        v3.redeem({"user_id": "clara"}, now=NOW)


def test_command_that_failed_in_the_end_is_a_refusal(smartcar, v3, access):
    car = smartcar.add_car("anna")
    status = {"value": "ERROR", "error": {"type": "VEHICLE_STATE", "code": "ASLEEP"}}
    body = {"data": {"type": "command-execution", "attributes": {"status": status}}}
    smartcar.canned[f"/v3/vehicles/{car.id}/commands/charge/start"].append(Canned(202, body))
    with pytest.raises(GatewayError) as failure:
        v3.start_charge(access, car.id)
    assert failure.value.cause == Cause.ASLEEP


def test_setting_chooses_the_version(settings):
    settings.SMARTCAR_CLIENT_ID, settings.SMARTCAR_CLIENT_SECRET, settings.SMARTCAR_API = "id", "secret", "v3"
    assert isinstance(gateway(), V3Gateway)
    assert gateway() is gateway()
