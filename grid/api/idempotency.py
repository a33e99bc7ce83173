"""`Idempotency-Key`: a repeated request gets the answer already given, a different one with the same key gets 409."""

import hashlib
from collections.abc import Callable
from typing import Any, ClassVar

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from rest_framework.request import Request
from rest_framework.response import Response

from evbalancer.common.errors import DomainError, InvalidInput
from grid.models import IdempotencyKey

LONGEST_KEY = 80
REPLAYED = "Idempotency-Replayed"

Act = Callable[[], tuple[int, Any]]


class KeyReused(DomainError):  # noqa: N818 (named for what happened)
    code: ClassVar[str] = "idempotency_key_reused"
    title: ClassVar[str] = "The idempotency key was used for another request"


def answer_once(request: Request, *, route: str, act: Act) -> Response:
    """Run `act` (which returns status and body) in one transaction, at most once per user, route and key.

    The key's row is written before the act: on PostgreSQL a second request with the same key waits at the unique
    constraint until the first has committed or failed. A refusal stores nothing, so it can be tried again.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        with transaction.atomic():
            status, body = act()
        return Response(body, status=status)
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidInput(
            "Idempotency-Key",
            gettext("At most %(longest_key)s printable characters.") % {"longest_key": LONGEST_KEY},
        )
    scope = f"{request.user.pk}:{route}"
    digest = hashlib.sha256(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    with transaction.atomic():
        row = _claim(scope, key, digest)
        if row.response_status:
            if row.request_digest != digest:
                raise KeyReused(gettext("This key was already used with another body; take a new one."))
            return Response(row.response_body, status=row.response_status, headers={REPLAYED: "true"})
        status, body = act()
        row.response_status, row.response_body = status, body
        row.save(update_fields=["response_status", "response_body"])
    return Response(body, status=status)


def _claim(scope: str, key: str, digest: str) -> IdempotencyKey:
    try:
        with transaction.atomic():
            return IdempotencyKey.objects.create(
                scope=scope,
                key=key,
                request_digest=digest,
                response_status=0,
                response_body={},
            )
    except IntegrityError:
        return IdempotencyKey.objects.get(scope=scope, key=key)
