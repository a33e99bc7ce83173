import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import fleet
from fleet.enums import ChargeState, PlugState
from fleet.smartcar import bounded as bounded_module
from fleet.smartcar.bounded import bounded
from fleet.smartcar.gateway import Access, GatewayError
from tests.fakesmartcar.server import Canned

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)


@pytest.fixture
def token(smartcar, live):
    return Access(live.exchange_code(smartcar.consent("anna"), now=NOW).access_token, "anna")


def test_cars_are_listed_with_what_they_are(smartcar, live, token):
    car = smartcar.add_car("anna", year=2023)
    smartcar.add_car("ben")
    [found] = live.cars(token)
    assert (found.smartcar_id, found.make, found.model, found.year) == (car.id, "TESLA", "Model 3", 2023)


def test_text_and_years_that_no_database_stores_are_left_out(smartcar, live, token):
    car = smartcar.add_car("anna", make="TES\0LA\ud800", model="\n", year=99_999)
    [found] = live.cars(token)
    assert (found.smartcar_id, found.make, found.model, found.year) == (car.id, "TESLA", "", None)


def test_state_comes_in_our_units_with_its_age(smartcar, live, token):
    car = smartcar.add_car("anna", percent=0.435, data_age="2026-11-02T17:40:00.000Z")
    state = live.state(token, car.id, now=NOW)
    assert (state.charge_pct, state.range_km, state.battery_wh, state.odometer_km) == (
        44,
        210,
        60_000,
        12_346,
    )
    assert (state.plug_state, state.charge_state) == (PlugState.PLUGGED, ChargeState.CHARGING)
    assert state.measured_at == NOW - timedelta(minutes=20)
    assert [call.path.split("/")[-1] for call in smartcar.calls if call.method == "POST"][-1] == "batch"


@pytest.mark.promise("C9")
def test_state_from_the_future_counts_as_now(smartcar, live, token):
    car = smartcar.add_car("anna", data_age="2030-01-01T00:00:00Z")
    assert live.state(token, car.id, now=NOW).measured_at == NOW


def test_state_leaves_out_what_the_car_does_not_tell(smartcar, live, token):
    car = smartcar.add_car("anna")
    parts = [
        {"path": "/battery", "code": 200, "body": {"percentRemaining": None, "range": None}, "headers": {}},
        {"path": "/charge", "code": 200, "body": {"isPluggedIn": None, "state": "ODD"}, "headers": {}},
        {
            "path": "/odometer",
            "code": 403,
            "body": {"type": "PERMISSION", "description": "x", "code": None},
            "headers": {},
        },
    ]
    smartcar.canned[f"/v2.0/vehicles/{car.id}/batch"].append(Canned(200, {"responses": parts}))
    state = live.state(token, car.id, now=NOW)
    assert (state.charge_pct, state.odometer_km, state.battery_wh) == (None, None, None)
    assert (state.plug_state, state.charge_state) == (PlugState.UNKNOWN, ChargeState.UNKNOWN)


@pytest.mark.parametrize(
    "answer",
    [
        Canned(200, b"not json"),
        Canned(200, {}),
        Canned(200, {"responses": [{"path": "/battery"}]}),
        Canned(200, {"responses": []}),
        Canned(500, b"oops", {"Content-Type": "text/plain"}),
        Canned(409, {"statusCode": 409, "type": "VEHICLE_STATE", "code": "ASLEEP", "description": "x"}),
        Canned(430, {"statusCode": 430, "type": "BILLING", "code": None, "description": "x"}),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r:.24}",
)
def test_answer_that_is_no_state_is_a_failure_in_our_words(smartcar, live, token, answer):
    car = smartcar.add_car("anna")
    smartcar.canned[f"/v2.0/vehicles/{car.id}/batch"].append(answer)
    with pytest.raises(GatewayError):
        live.state(token, car.id, now=NOW)


@pytest.mark.promise("C5")
def test_rate_limit_says_how_long_to_wait(smartcar, live, token):
    car = smartcar.add_car("anna")
    body = {"statusCode": 429, "type": "RATE_LIMIT", "code": "VEHICLE", "description": "x"}
    smartcar.canned[f"/v2.0/vehicles/{car.id}/batch"].append(Canned(429, body, {"Retry-After": "90"}))
    with pytest.raises(GatewayError) as failure:
        live.state(token, car.id, now=NOW)
    assert failure.value.retry_after == timedelta(seconds=90)


@pytest.mark.promise("C1")
def test_no_token_is_ever_sent_for_another_user(smartcar, live):
    tokens = {
        owner: Access(live.exchange_code(smartcar.consent(owner), now=NOW).access_token, owner)
        for owner in ("anna", "ben")
    }
    cars = {owner: smartcar.add_car(owner) for owner in tokens}
    for _ in range(2):
        for owner, token in tokens.items():
            live.user_id(token)
            live.cars(token)
            live.scopes(token)
            live.state(token, cars[owner].id, now=NOW)
            live.start_charge(token, cars[owner].id)
            live.stop_charge(token, cars[owner].id)
            live.set_charge_limit(token, cars[owner].id, 80)
    for owner, token in tokens.items():
        live.disconnect(token, cars[owner].id)
    strangers = [
        call
        for call in smartcar.calls
        if "/vehicles/car-" in call.path
        and call.token.split("-")[1] != call.path.split("/car-")[1].split("-")[0]
    ]
    assert strangers == []
    with pytest.raises(GatewayError) as failure:
        live.state(tokens["anna"], cars["ben"].id, now=NOW)
    assert failure.value.permanent


@pytest.mark.promise("C1")
def test_the_sdk_call_with_shared_headers_is_used_nowhere():
    own = ("`Vehicle.request()`", "requests.request(", "`requests.request`")
    for path in Path(fleet.__file__).parent.rglob("*.py"):
        text = path.read_text()
        for allowed in own:
            text = text.replace(allowed, "")
        assert ".request(" not in text, path.name


@pytest.mark.promise("C6")
def test_call_that_hangs_is_given_up_in_time(smartcar, live, token, monkeypatch):
    car = smartcar.add_car("anna")
    smartcar.canned[f"/v2.0/vehicles/{car.id}/batch"].append(Canned(200, {}, delay_s=3))
    monkeypatch.setattr(bounded_module, "CALL_S", 0.3)
    started = time.monotonic()
    with pytest.raises(GatewayError, match="No answer within"):
        live.state(token, car.id, now=NOW)
    assert time.monotonic() - started < 3


@pytest.mark.promise("C6")
def test_calls_that_hang_do_not_pile_up(monkeypatch):
    from threading import BoundedSemaphore, Event

    release = Event()
    monkeypatch.setattr(bounded_module, "_room", BoundedSemaphore(2))
    for _ in range(2):
        with pytest.raises(GatewayError, match="No answer"):
            bounded(release.wait, seconds=0.01)
    with pytest.raises(GatewayError, match="hang already"):
        bounded(release.wait, seconds=0.01)
    release.set()
