"""Where machines at the grid connection speak: meters push readings, operators lower limits. Keys of their own, no users."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.clocks.moments import ZonedMomentField
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import MILLIAMPS, PERCENTAGE
from grid.api.idempotency import KeyReused
from grid.domain import grid_keys, limits, readings
from grid.domain.audit import Actor
from grid.enums import ActorKind, GridKeyPurpose, LimitSource
from grid.models import IdempotencyKey
from grid.models.key import GridKey


class PushSerializer(StrictSerializer):
    measured_at = ZonedMomentField(required=False, help_text="Now, if the meter has no clock.")
    l1_ma = serializers.IntegerField(
        min_value=-10_000_000,
        max_value=10_000_000,
        help_text="Below 0 it feeds in.",
    )
    l2_ma = serializers.IntegerField(
        min_value=-10_000_000,
        max_value=10_000_000,
        allow_null=True,
        help_text="Null: not measured; the building's configured maximum counts.",
    )
    l3_ma = serializers.IntegerField(min_value=-10_000_000, max_value=10_000_000, allow_null=True)


class SignalSerializer(StrictSerializer):
    id = serializers.CharField(
        max_length=80, help_text="The same id and body are the same signal, however often they are sent."
    )
    pct = serializers.IntegerField(**PERCENTAGE.options, required=False)
    limit_ma = serializers.IntegerField(**MILLIAMPS.options, required=False, help_text="On every phase.")
    until = ZonedMomentField(required=False)
    reason = serializers.CharField(**limits.REASON.options)
    kind = serializers.ChoiceField(
        choices=[LimitSource.GRID_OPERATOR, LimitSource.DEMAND_RESPONSE], default=LimitSource.GRID_OPERATOR
    )


class MeterPush(APIView):
    """The load of the building on one circuit, pushed by its meter's gateway."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=PushSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        key = grid_keys.find_bearer(request.headers.get("Authorization", ""), purpose=GridKeyPurpose.METER)
        body = PushSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        pushed, now = body.validated_data, timezone.now()
        load_ma = (pushed["l1_ma"], pushed["l2_ma"], pushed["l3_ma"])
        measured_at = pushed.get("measured_at", now)
        readings.check_age(measured_at, now=now)
        readings.record_reading(key.circuit, base_load_ma=load_ma, measured_at=measured_at, now=now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LimitSignal(APIView):
    """A signed order to lower one circuit's limit, for example from the grid operator or a demand-response service."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(request=SignalSerializer, responses={201: None})
    def post(self, request: Request) -> Response:
        raw, now = request.body, timezone.now()
        key = grid_keys.find_signer(
            _uuid(request.headers.get("X-Grid-Key", "")),
            signature=request.headers.get("X-Grid-Signature", ""),
            timestamp=request.headers.get("X-Grid-Timestamp", ""),
            body=raw,
            now=now,
        )
        body = SignalSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        answer, is_new = _impose_once(
            key, dict(body.validated_data), hashlib.sha256(raw).hexdigest(), now=now
        )
        return Response(answer, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


@transaction.atomic
def _impose_once(key: GridKey, signal: dict[str, Any], digest: str, *, now: datetime) -> tuple[Any, bool]:
    row, is_new = IdempotencyKey.objects.get_or_create(
        scope=f"grid_key:{key.pk}",
        key=signal.pop("id"),
        defaults={"request_digest": digest, "response_status": status.HTTP_201_CREATED, "response_body": {}},
    )
    if not is_new:
        if row.request_digest != digest:
            raise KeyReused(gettext("This id was another signal; give each signal an id of its own."))
        return row.response_body, False
    limit_ma, kind = signal.pop("limit_ma", None), signal.pop("kind")
    limit = limits.impose_limit(
        key.circuit,
        limit_ma=None if limit_ma is None else PhaseMilliamps(limit_ma, limit_ma, limit_ma),
        source=LimitSource(kind),
        actor=Actor(ActorKind.SYSTEM, str(key.pk), key.label),
        now=now,
        **signal,
    )
    row.response_body = {
        "limit_id": str(limit.pk),
        "effective_at": limit.effective_at.isoformat(),
        "uncovered_ma": limit.uncovered_ma,
    }
    row.save(update_fields=["response_body"])
    return row.response_body, True


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise grid_keys.KeyRefused(gettext("Give the key's id in X-Grid-Key.")) from error
