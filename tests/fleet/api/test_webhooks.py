import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import Client
from django.utils import timezone

from fleet.api.webhooks import MOST_BYTES, receive
from fleet.domain import webhooks
from fleet.models import SmartcarConnection, Vehicle, VehicleReading, WebhookEvent
from tests.asserts.http import assert_problem
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.world import Car, World

KEY = "management-token"
PATH = "/fleet/smartcar/webhook"
pytestmark = [pytest.mark.django_db, pytest.mark.promise("C10")]


@pytest.fixture(autouse=True)
def key(settings):
    settings.SMARTCAR_WEBHOOK_KEY = KEY


@pytest.fixture
def vehicle():
    vehicle = VehicleFactory(smartcar_id="car-anna-0")
    vehicle.connection = SmartcarConnection.objects.create(
        community=vehicle.community,
        driver=vehicle.driver,
        smartcar_user_id="anna",
        state_since=timezone.now(),
        refresh_token_encrypted="x",
    )
    vehicle.save()
    return vehicle


def event(event_id="e1", minutes_ago=0, **values):
    at = timezone.now() - timedelta(minutes=minutes_ago)
    car = Car("car-anna-0", "anna")
    given = values or {"tractionbattery_stateofcharge": 70}
    return World().event(car, event_id, at_ms=int(at.timestamp() * 1000), **given)


def deliver(told, *, signature=None, key=KEY):
    body = told if isinstance(told, bytes) else json.dumps(told, indent=1).encode()
    sign = hmac.new(key.encode(), body, hashlib.sha256).hexdigest() if signature is None else signature
    return Client(enforce_csrf_checks=True).post(
        PATH, body, content_type="application/json", headers={"SC-Signature": sign}
    )


def test_challenge_is_answered():
    response = Client().post(
        PATH,
        {"eventId": "v", "eventType": "VERIFY", "data": {"challenge": "3a5c8f72-e6d9"}},
        content_type="application/json",
    )
    expected = hmac.new(KEY.encode(), b"3a5c8f72-e6d9", hashlib.sha256).hexdigest()
    assert (response.status_code, response.json()) == (200, {"challenge": expected})


def test_challenge_cannot_be_used_to_sign_an_event(vehicle):
    forged = json.dumps(event())
    response = Client().post(
        PATH, {"eventType": "VERIFY", "data": {"challenge": forged}}, content_type="application/json"
    )
    assert_problem(response, 400, "bad_request")


@pytest.mark.parametrize("signature", ["", "0" * 64, "zz", "ü", "A" * 64])
def test_event_without_our_signature_changes_nothing(vehicle, signature):
    assert_problem(deliver(event(), signature=signature), 401, "unauthorized")
    assert_problem(deliver(event(), key="another"), 401, "unauthorized")
    assert not WebhookEvent.objects.exists()


def test_signature_is_of_the_body_as_it_came(vehicle):
    body = json.dumps(event()).encode().replace(b'"eventId"', b'  "eventId"')
    assert deliver(body).status_code == 200
    signed = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    assert deliver(body.replace(b"  ", b" "), signature=signed).status_code == 401


def test_signatures_are_compared_in_constant_time(monkeypatch, vehicle):
    compared = []
    monkeypatch.setattr(
        webhooks.hmac, "compare_digest", lambda one, other: compared.append(1) or one == other
    )
    deliver(event())
    assert compared


def test_event_is_taken_once(vehicle):
    for _ in range(3):
        assert deliver(event("same")).status_code == 200
    vehicle.refresh_from_db()
    assert (vehicle.charge_pct, VehicleReading.objects.count(), WebhookEvent.objects.count()) == (70, 1, 1)


def facts():
    """Everything that an event could have changed."""
    return [list(model.objects.order_by("pk").values()) for model in (Vehicle, VehicleReading, WebhookEvent)]


@pytest.mark.parametrize(
    "other",
    [
        event("same", tractionbattery_stateofcharge=5, charge_ischargingcableconnected=False),
        event("same") | {"eventType": "VEHICLE_ERROR"},
        event("same") | {"data": None},
    ],
    ids=["other signals", "other kind", "nothing"],
)
def test_event_told_again_with_another_body_changes_nothing(vehicle, other):
    deliver(event("same", minutes_ago=3, charge_ischargingcableconnected=True))
    before = facts()
    assert deliver(other).status_code == 200
    assert facts() == before


def test_event_whose_signature_was_refused_is_taken_once_it_is_signed_rightly(vehicle):
    before = facts()
    assert_problem(deliver(event("same"), key="another"), 401, "unauthorized")
    assert facts() == before
    assert deliver(event("same")).status_code == 200
    vehicle.refresh_from_db()
    assert vehicle.charge_pct == 70


def test_signature_of_one_event_signs_no_other(vehicle):
    seen, forged = json.dumps(event("one")).encode(), json.dumps(event("two")).encode()
    before = facts()
    stolen = hmac.new(KEY.encode(), seen, hashlib.sha256).hexdigest()
    assert_problem(deliver(forged, signature=stolen), 401, "unauthorized")
    assert facts() == before


def test_older_event_that_comes_later_is_ignored(vehicle):
    deliver(
        event("new", minutes_ago=1, tractionbattery_stateofcharge=70, charge_ischargingcableconnected=True)
    )
    deliver(
        event("old", minutes_ago=9, tractionbattery_stateofcharge=30, charge_ischargingcableconnected=False)
    )
    vehicle.refresh_from_db()
    assert (vehicle.charge_pct, vehicle.plug_state) == (70, "plugged")
    assert WebhookEvent.objects.get(pk="old").outcome == "older than what is known"


def test_event_is_answered_at_once_and_asks_nobody(vehicle, monkeypatch):
    import requests

    def no_call(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(requests, "request", no_call)
    began = time.monotonic()
    assert deliver(event()).status_code == 200
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"[" * 100_000,
        b'{"eventType": "VEHICLE_STATE"}',
        b'{"eventType": "VERIFY"}',
        b'{"eventType": "VERIFY", "data": {"challenge": 7}}',
    ],
)
def test_body_that_is_no_event_is_refused(told):
    assert_problem(deliver(told), 400, "bad_request")


@pytest.mark.parametrize(
    "changes",
    [
        {"eventType": "VEHICLE_ERROR"},
        {"eventType": "SOMETHING_NEW"},
        {"eventType": 7},
        {"data": None},
        {"data": {"vehicle": {"id": "car-anna-0"}, "signals": "none"}},
        {"data": {"vehicle": {"id": "stranger"}}},
        {"data": {"vehicle": "x"}},
    ],
)
def test_event_that_says_nothing_of_ours_is_kept_and_answered(vehicle, changes):
    assert deliver(event() | changes).status_code == 200
    vehicle.refresh_from_db()
    assert (vehicle.charge_pct, WebhookEvent.objects.count()) == (None, 1)


def test_too_long_a_body_is_refused_though_it_is_signed(vehicle):
    before = facts()
    padded = json.dumps(event()).encode().ljust(MOST_BYTES + 1)
    assert_problem(deliver(padded), 413, "request_entity_too_large")
    assert facts() == before
    assert deliver(padded[:MOST_BYTES]).status_code == 200
    vehicle.refresh_from_db()
    assert vehicle.charge_pct == 70


@pytest.mark.parametrize(("bytes_long", "status"), [(MOST_BYTES, 200), (MOST_BYTES + 1, 413)])
def test_body_in_chunks_is_held_to_the_same_length(vehicle, bytes_long, status):
    """It comes without a Content-Length."""
    body = json.dumps(event()).encode().ljust(bytes_long)
    sign = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [(b"sc-signature", sign.encode())]}
    assert receive(ASGIRequest(scope, BytesIO(body))).status_code == status
    assert WebhookEvent.objects.count() == (1 if status == 200 else 0)


def test_webhooks_that_are_not_set_up_do_not_exist(settings):
    settings.SMARTCAR_WEBHOOK_KEY = ""
    assert_problem(deliver(event(), signature="x"), 404, "not_found")


def test_car_that_is_not_linked_any_more_is_not_told_of(vehicle):
    SmartcarConnection.objects.update(state="disconnecting")
    deliver(event())
    vehicle.refresh_from_db()
    assert vehicle.charge_pct is None


def test_old_events_are_forgotten(vehicle):
    deliver(event())
    assert webhooks.prune_events(now=datetime.now(UTC) + timedelta(days=29)) == 0
    assert webhooks.prune_events(now=datetime.now(UTC) + timedelta(days=31)) == 1
    assert Vehicle.objects.get().charge_pct == 70


# --- version 2.0, which applications of V2 get

V2 = {"version": "2.0", "webhookId": "hook", "mode": "live"}


def of_v2(*parts, car="car-anna-0", **more):
    told = {"vehicleId": car, "userId": "anna", "data": list(parts), **more}
    return V2 | {"eventName": "schedule", "payload": {"vehicles": [told]}}


def part(path, body, *, code=200, minutes_ago=None, units="metric"):
    headers = {"sc-unit-system": units}
    if minutes_ago is not None:
        at = timezone.now() - timedelta(minutes=minutes_ago)
        headers["SC-Data-Age"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"path": path, "code": code, "body": body, "headers": headers}


@pytest.mark.parametrize("name", ["verify", "VERIFY"])
def test_challenge_of_version_2_is_answered(name):
    told = V2 | {"eventName": name, "payload": {"challenge": "3a5c8f72-e6d9"}}
    response = Client().post(PATH, told, content_type="application/json")
    expected = hmac.new(KEY.encode(), b"3a5c8f72-e6d9", hashlib.sha256).hexdigest()
    assert (response.status_code, response.json()) == (200, {"challenge": expected})


def test_challenge_of_version_2_cannot_be_used_to_sign_an_event(vehicle):
    told = V2 | {"eventName": "verify", "payload": {"challenge": json.dumps(of_v2())}}
    assert_problem(Client().post(PATH, told, content_type="application/json"), 400, "bad_request")


def test_data_of_version_2_is_taken_once(vehicle):
    told = of_v2(
        part("/battery", {"percentRemaining": 0.63, "range": 211.4}, minutes_ago=12),
        part("/charge", {"isPluggedIn": True, "state": "CHARGING"}, minutes_ago=3),
        part("/charge/limit", {"limit": 0.8}),
        part("/odometer", {"distance": 100}, units="imperial"),
        part("/tires/pressure", {"frontLeft": 219}),
    )
    assert deliver(told).status_code == 200
    assert deliver(told).status_code == 200
    vehicle.refresh_from_db()
    assert (vehicle.charge_pct, vehicle.range_km, vehicle.charge_limit_pct) == (63, 211, 80)
    assert (vehicle.plug_state, vehicle.charge_state, vehicle.odometer_km) == ("plugged", "charging", 161)
    assert vehicle.plug_at - vehicle.charge_at == pytest.approx(
        timedelta(minutes=9), abs=timedelta(seconds=5)
    )
    assert VehicleReading.objects.count() == WebhookEvent.objects.count() == 1


def test_unsigned_data_of_version_2_is_refused(vehicle):
    assert_problem(
        deliver(of_v2(part("/battery", {"percentRemaining": 1})), signature="0" * 64), 401, "unauthorized"
    )
    assert not VehicleReading.objects.exists()


def test_refused_part_of_version_2_leaves_what_is_known_of_it(vehicle):
    deliver(of_v2(part("/charge", {"isPluggedIn": True, "state": "CHARGING"}, minutes_ago=30)))
    vehicle.refresh_from_db()
    since = vehicle.plugged_since
    deliver(
        of_v2(
            part("/battery", {"percentRemaining": 0.5}, minutes_ago=1),
            part("/charge", {"type": "UPSTREAM"}, code=502),
        )
    )
    vehicle.refresh_from_db()
    assert (vehicle.charge_pct, vehicle.plug_state, vehicle.charge_state) == (50, "plugged", "charging")
    assert vehicle.plugged_since == since is not None


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"vehicles": None},
        {"vehicles": [None, 1, "x", []]},
        {"vehicles": [{"vehicleId": ["car-anna-0"], "data": 1}]},
        {
            "vehicles": [
                {
                    "vehicleId": "car-anna-0",
                    "data": [None, {"path": 1, "body": []}, {"body": {}, "headers": 1}],
                }
            ]
        },
        {
            "vehicles": [
                {"vehicleId": "car-anna-0", "data": [{"path": "/battery", "body": {"percentRemaining": "x"}}]}
            ]
        },
    ],
)
def test_odd_data_of_version_2_tells_nothing(vehicle, payload):
    assert deliver(V2 | {"eventName": "schedule", "payload": payload}).status_code == 200
    vehicle.refresh_from_db()
    assert vehicle.charge_pct is None


# --- each fact has a time of its own


def with_error(told, code):
    """The same event, where one signal has an error in place of its value."""
    for signal in told["data"]["signals"]:
        if signal["code"] == code:
            signal["status"] = {"value": "ERROR", "error": {"type": "UPSTREAM"}}
            signal.pop("body", None)
    return told


@pytest.mark.parametrize(
    "failed", ["charge-ischargingcableconnected", "charge-ischarging", "tractionbattery-stateofcharge"]
)
def test_signal_with_an_error_replaces_nothing(vehicle, failed):
    facts = {
        "tractionbattery_stateofcharge": 40,
        "charge_ischargingcableconnected": True,
        "charge_ischarging": True,
    }
    deliver(event("e1", minutes_ago=20, **facts))
    vehicle.refresh_from_db()
    names = (
        "charge_pct",
        "charge_at",
        "plug_state",
        "plug_at",
        "plugged_since",
        "charge_state",
        "charging_at",
    )
    was = {name: getattr(vehicle, name) for name in names}
    assert None not in was.values()
    assert (
        deliver(with_error(event("e2", **facts | {"tractionbattery_stateofcharge": 60}), failed)).status_code
        == 200
    )
    vehicle.refresh_from_db()
    kept = {
        "charge-ischargingcableconnected": ("plug_state", "plug_at", "plugged_since"),
        "charge-ischarging": ("charge_state", "charging_at"),
        "tractionbattery-stateofcharge": ("charge_pct", "charge_at"),
    }
    for code, fields in kept.items():
        moved = [name for name in fields if getattr(vehicle, name) != was[name]]
        assert bool(moved) == (code != failed), (code, moved)
