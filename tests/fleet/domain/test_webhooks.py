import json
from datetime import UTC, datetime, timedelta

import pytest

from fleet.domain import webhooks
from fleet.enums import ConnectionState, WebhookKind
from fleet.models import SmartcarConnection, Vehicle, VehicleReading, WebhookEvent
from tests.factories.fleet import VehicleFactory
from tests.fakesmartcar.world import Car, World

pytestmark = [pytest.mark.django_db, pytest.mark.promise("C10")]
NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CAR = Car("car-anna-0", "anna")


def link(**state):
    """The same car as a driver of another community each time has it linked."""
    vehicle = VehicleFactory(smartcar_id=CAR.id)
    vehicle.connection = SmartcarConnection.objects.create(
        community=vehicle.community,
        driver=vehicle.driver,
        smartcar_user_id="anna",
        state_since=NOW,
        refresh_token_encrypted="x",
        **state,
    )
    vehicle.save()
    return vehicle


def event(event_id="e1", *, at=NOW, car=CAR, **values):
    told = values or {"tractionbattery_stateofcharge": 70}
    return World().event(car, event_id, at_ms=int(at.timestamp() * 1000), **told)


def take(told, event_id="e1", now=NOW):
    return webhooks.take_event(told, event_id=event_id, now=now)


def charges():
    return list(Vehicle.objects.order_by("pk").values_list("charge_pct", flat=True))


def outcomes():
    return list(WebhookEvent.objects.order_by("event_id").values_list("outcome", flat=True))


def test_event_reaches_the_car_in_every_community_in_which_it_is_linked():
    link()
    link()
    assert take(event())
    assert charges() == [70, 70]
    assert VehicleReading.objects.count() == 2


@pytest.mark.parametrize("state", [ConnectionState.DISCONNECTING, ConnectionState.RECONNECT_NEEDED])
def test_car_whose_consent_is_over_is_unknown(state):
    link(state=state)
    assert take(event())
    assert (charges(), outcomes()) == ([None], ["unknown car"])


def test_event_is_taken_once_and_an_older_one_changes_nothing():
    link()
    newest = event(tractionbattery_stateofcharge=70)
    older = event("e2", at=NOW - MINUTE, tractionbattery_stateofcharge=60)
    assert [take(newest), take(newest), take(older, "e2")] == [True, False, True]
    assert (charges(), outcomes()) == ([70], ["taken", "older than what is known"])


def test_event_that_tells_an_error_or_nothing_of_charge_is_kept_with_what_became_of_it():
    link()
    take(event("e1") | {"eventType": "VEHICLE_ERROR"})
    take(event("e2", odometer_traveleddistance=1), "e2")
    take(event("e3") | {"eventType": "NEWS"}, "e3")
    assert outcomes() == ["an error of the car", "nothing of charge or plug", "ignored"]
    kinds = WebhookEvent.objects.order_by("event_id").values_list("kind", flat=True)
    assert list(kinds) == [WebhookKind.VEHICLE_ERROR, WebhookKind.VEHICLE_STATE, WebhookKind.OTHER]
    assert charges() == [None]


def test_signature_is_of_the_bytes_and_the_key():
    body = json.dumps(event()).encode()
    signature = webhooks.sign_text("key", body)
    assert webhooks.is_signed("key", body, f" {signature.upper()} ")
    for wrong in (("other", body, signature), ("key", body + b" ", signature), ("key", body, "é")):
        assert not webhooks.is_signed(*wrong)


@pytest.mark.parametrize(
    ("told", "challenge"),
    [
        ({"eventType": "VERIFY", "data": {"challenge": "abc"}}, "abc"),
        ({"eventType": "VERIFY", "data": {"challenge": 1}}, ""),
        ({"eventType": "VERIFY"}, ""),
        ({"eventName": "verify", "payload": {"challenge": "abc"}}, "abc"),
        ({"eventName": "Verify", "challenge": "abc"}, "abc"),
        ({"eventName": "schedule", "payload": {"challenge": "abc"}}, None),
        ({"eventType": "VEHICLE_STATE", "data": {"challenge": "abc"}}, None),
    ],
)
def test_challenge_is_found_where_either_version_puts_it(told, challenge):
    assert webhooks.challenge_of(told) == challenge


def test_event_without_an_id_is_told_from_its_repetition_by_its_body():
    of_v2 = {"eventName": "schedule", "payload": {}}
    first, other = webhooks.id_of(of_v2, b"1"), webhooks.id_of(of_v2, b"2")
    assert (first == webhooks.id_of(of_v2, b"1"), first == other, len(first)) == (True, False, 64)
    assert webhooks.id_of({"eventId": "x" * 99}, b"1") == "x" * 64
    assert webhooks.id_of({"eventName": "schedule"}, b"1") == ""


def test_events_that_nobody_delivers_again_are_forgotten():
    take(event())
    take(event("e2"), "e2", now=NOW + MINUTE)
    assert webhooks.prune_events(now=NOW + webhooks.KEPT + MINUTE) == 1
    assert WebhookEvent.objects.get().event_id == "e2"
