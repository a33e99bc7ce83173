"""Smartcar's webhooks: signed, delivered more than once, and in any order (C10).

https://smartcar.com/docs/api-reference/webhooks: SC-Signature is the hex HMAC-SHA256 of the raw body under the application's
management token; VERIFY wants the same of its challenge. Version 2.0 of the webhooks, which V2's applications get, has other names and shapes.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet.domain import vehicles
from fleet.enums import ConnectionState, ReadingSource, WebhookKind
from fleet.models import Vehicle, WebhookEvent
from fleet.smartcar import parts, signals
from fleet.smartcar.gateway import CarState

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
LONGEST_ID = 64
MOST_CARS = 100


def sign_text(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def is_signed(key: str, body: bytes, signature: str) -> bool:
    """In constant time, over the body as it came: parsing and writing it again would change bytes."""
    return hmac.compare_digest(sign_text(key, body).encode(), signature.strip().lower().encode())


def challenge_of(event: Mapping[str, Any]) -> str | None:
    """The challenge that a VERIFY wants signed; None for any other event. V2 gives it another name and place."""
    if event.get("eventType") == "VERIFY":
        held = event.get("data")
    elif str(event.get("eventName") or "").lower() == "verify":
        held = event.get("payload")
    else:
        return None
    challenge = held.get("challenge") if isinstance(held, dict) else event.get("challenge")
    return challenge if isinstance(challenge, str) else ""


def id_of(event: Mapping[str, Any], body: bytes) -> str:
    """The id that repeats with a delivery; "" for a body that is no event. V2 has none: there it is the body itself."""
    if event.get("eventId"):
        return str(event["eventId"])[:LONGEST_ID]
    if event.get("eventName") and isinstance(event.get("payload"), dict):
        return hashlib.sha256(body).hexdigest()[:LONGEST_ID]
    return ""


@transaction.atomic
def take_event(event: Mapping[str, Any], *, event_id: str, now: datetime) -> bool:
    """Take an event in; nothing but rows are written. Returns whether it was new."""
    kind = _kind(event)
    row, is_new = WebhookEvent.objects.get_or_create(
        event_id=event_id, defaults={"kind": kind, "received_at": now, "outcome": "ignored"}
    )
    if not is_new:
        return False
    row.vehicle, row.outcome = None, "unknown car"
    for smartcar_id, state in _told(event, now=now):
        # The same car may be linked in two communities.
        for vehicle in _cars(smartcar_id):
            row.vehicle, row.outcome = vehicle, _apply(vehicle, kind, state, now=now)
    row.save(update_fields=["vehicle", "outcome"])
    return True


def prune_events(*, now: datetime) -> int:
    """Events that nobody will deliver again are forgotten."""
    deleted, _ = WebhookEvent.objects.filter(received_at__lt=now - KEPT).delete()
    return deleted


def _kind(event: Mapping[str, Any]) -> str:
    if "eventName" in event:
        return WebhookKind.VEHICLE_STATE
    kind = event.get("eventType")
    return str(kind) if kind in WebhookKind.values else WebhookKind.OTHER


def _told(event: Mapping[str, Any], *, now: datetime) -> Iterator[tuple[Any, CarState | None]]:
    """Which cars it is about, and what it says of each."""
    if "eventName" in event:
        yield from _told_by_v2(event.get("payload"), now=now)
        return
    data = event.get("data")
    told = data if isinstance(data, dict) else {}
    car, listed = told.get("vehicle"), told.get("signals")
    smartcar_id = (car.get("id") if isinstance(car, dict) else None) or event.get("vehicleId")
    yield smartcar_id, signals.read(listed if isinstance(listed, list) else [], now=now)


def _told_by_v2(payload: Any, *, now: datetime) -> Iterator[tuple[Any, CarState | None]]:
    """A list of cars, or one car alone; the parts of each under `data`."""
    held = payload if isinstance(payload, dict) else {}
    listed = held.get("vehicles")
    for car in (listed if isinstance(listed, list) else [held])[:MOST_CARS]:
        if isinstance(car, dict):
            told = car.get("data")
            told_at = car.get("timestamp") or held.get("timestamp")
            yield (
                car.get("vehicleId"),
                parts.read(told if isinstance(told, list) else [], told_at=told_at, now=now),
            )


def _cars(smartcar_id: Any) -> list[Vehicle]:
    if not isinstance(smartcar_id, str) or not smartcar_id:
        return []
    linked = Vehicle.objects.filter(
        smartcar_id=smartcar_id, retired_at=None, connection__state=ConnectionState.CONNECTED
    )
    return list(linked)


def _apply(vehicle: Vehicle, kind: str, state: CarState | None, *, now: datetime) -> str:
    if kind == WebhookKind.VEHICLE_ERROR:
        return "an error of the car"
    if kind != WebhookKind.VEHICLE_STATE:
        return "ignored"
    if state is None:
        return "nothing of charge or plug"
    newest = vehicles.record_state(vehicle, state, source=ReadingSource.SMARTCAR, now=now)
    return "taken" if newest else "older than what is known"
