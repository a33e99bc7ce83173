"""What Smartcar tells unasked: signed, delivered more than once, and in any order (C10).

https://smartcar.com/docs/api-reference/webhooks: SC-Signature is the hex HMAC-SHA256 of the raw body under the application's
management token; VERIFY wants the same of its challenge.
"""

import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet.domain import vehicles
from fleet.enums import ConnectionState, ReadingSource, WebhookKind
from fleet.models import Vehicle, WebhookEvent
from fleet.smartcar import signals

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
LONGEST_ID = 64


def sign(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def is_signed(key: str, body: bytes, signature: str) -> bool:
    """In constant time, over the body as it came: parsing and writing it again would change bytes."""
    return hmac.compare_digest(sign(key, body).encode(), signature.strip().lower().encode())


@transaction.atomic
def take(event: Mapping[str, Any], *, now: datetime) -> bool:
    """Take an event in; nothing but rows are written. Returns whether it was new."""
    event_id = str(event.get("eventId") or "")[:LONGEST_ID]
    kind = event.get("eventType")
    known = kind if kind in WebhookKind.values else WebhookKind.OTHER
    row, is_new = WebhookEvent.objects.get_or_create(
        event_id=event_id, defaults={"kind": known, "received_at": now, "outcome": "ignored"}
    )
    if not is_new:
        return False
    data = event.get("data")
    told = data if isinstance(data, dict) else {}
    row.vehicle, row.outcome = None, "unknown car"
    # The same car may be linked in two communities.
    for vehicle in _cars(event, told):
        row.vehicle, row.outcome = vehicle, _apply(vehicle, known, told, now=now)
    row.save(update_fields=["vehicle", "outcome"])
    return True


def prune(*, now: datetime) -> int:
    """Events that nobody will deliver again are forgotten."""
    deleted, _ = WebhookEvent.objects.filter(received_at__lt=now - KEPT).delete()
    return deleted


def _cars(event: Mapping[str, Any], data: Mapping[str, Any]) -> list[Vehicle]:
    car = data.get("vehicle")
    smartcar_id = (car.get("id") if isinstance(car, dict) else None) or event.get("vehicleId")
    if not isinstance(smartcar_id, str) or not smartcar_id:
        return []
    linked = Vehicle.objects.filter(
        smartcar_id=smartcar_id, retired_at=None, connection__state=ConnectionState.CONNECTED
    )
    return list(linked)


def _apply(vehicle: Vehicle, kind: str, data: Mapping[str, Any], *, now: datetime) -> str:
    if kind == WebhookKind.VEHICLE_ERROR:
        return "an error of the car"
    if kind != WebhookKind.VEHICLE_STATE:
        return "ignored"
    told = data.get("signals")
    state = signals.read(told if isinstance(told, list) else [], now=now)
    if state is None:
        return "nothing of charge or plug"
    newest = vehicles.record_state(vehicle, state, source=ReadingSource.SMARTCAR, now=now)
    return "taken" if newest else "older than what is known"
