"""Where Smartcar delivers its webhooks. Nothing is done that an unsigned body asks for."""

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from evbalancer.common.web.api import plain_problem
from fleet.domain import webhooks

MOST_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """VERIFY is answered with the signed challenge, anything else is taken in once and answered 200."""
    key = settings.SMARTCAR_WEBHOOK_KEY
    if not key:
        return plain_problem(HTTPStatus.NOT_FOUND, "Webhooks are not set up here.")
    # A body sent in chunks says no length before: what counts is what comes.
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        return plain_problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    event = _event(body)
    challenge = webhooks.challenge_of(event) if event is not None else None
    if challenge is not None:
        return _verify(challenge, key)
    if not webhooks.is_signed(key, body, request.headers.get("SC-Signature", "")):
        return plain_problem(HTTPStatus.UNAUTHORIZED, "The signature does not fit the body.")
    event_id = webhooks.id_of(event, body) if event is not None else ""
    if event is None or not event_id:
        return plain_problem(HTTPStatus.BAD_REQUEST, "This is not an event.")
    webhooks.take_event(event, event_id=event_id, now=timezone.now())
    return HttpResponse(status=HTTPStatus.OK)


def _verify(challenge: str, key: str) -> HttpResponse:
    """The answer proves to Smartcar that we know the key; VERIFY comes unsigned."""
    if not challenge or _looks_like_a_body(challenge):
        return plain_problem(HTTPStatus.BAD_REQUEST, "This is not a challenge.")
    return JsonResponse({"challenge": webhooks.sign_text(key, challenge.encode())})


def _looks_like_a_body(challenge: str) -> bool:
    """Anybody may ask for a VERIFY: signing text of theirs must never give the signature of an event."""
    return len(challenge) > 128 or not challenge.replace("-", "").replace("_", "").isalnum()


def _event(body: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
