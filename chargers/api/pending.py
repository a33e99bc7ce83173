"""Unknown charge points that wait for a decision, for the managers who decide."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from chargers.domain.sockets import pending
from chargers.domain.stations.stations import COUNT, NAMEPLATE, NewConnector
from chargers.enums import PhaseRotation
from chargers.models import PendingChargePoint
from chargers.models.charge_point import NAME
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import REASON_FOR_TRAIL
from grid.domain.audit import Actor
from grid.models import Circuit


class PendingSerializer(serializers.ModelSerializer[PendingChargePoint]):
    class Meta:
        model = PendingChargePoint
        fields = [
            "id", "identity", "address", "ocpp_version", "vendor", "model", "serial_number", "firmware_version",
            "first_seen_at", "last_seen_at", "blocked_at",
        ]  # fmt: skip
        read_only_fields = fields


class NewConnectorSerializer(StrictSerializer):
    circuit = serializers.UUIDField()
    phase_rotation = serializers.ChoiceField(choices=PhaseRotation.choices, default="", allow_blank=True)
    max_current_ma = serializers.IntegerField(**NAMEPLATE.options, default=32_000)


class AcceptPendingSerializer(StrictSerializer):
    """Its connectors in the order of their numbers, on circuits of one cluster."""

    name = serializers.CharField(**NAME.options, required=False, default="")
    connectors = serializers.ListField(
        child=NewConnectorSerializer(),
        min_length=COUNT.least,
        max_length=COUNT.most,
        error_messages=dict.fromkeys(("min_length", "max_length"), str(COUNT.refusal)),
    )


class AcceptedSerializer(serializers.Serializer[Any]):
    """`key` is given this once, and only when the charge point offered no password of its own."""

    charge_point_id = serializers.UUIDField()
    key = serializers.CharField(allow_null=True)


class BlockSerializer(StrictSerializer):
    reason = serializers.CharField(**REASON_FOR_TRAIL.options)


class PendingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    queryset = PendingChargePoint.objects.all()
    serializer_class = PendingSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True

    @extend_schema(request=AcceptPendingSerializer, responses={201: AcceptedSerializer})
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str | None = None) -> Response:
        """Make a charge point of it: it is let in when it next connects."""
        row = self.get_object()
        asked = AcceptPendingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        accepted = pending.accept_pending(
            row,
            name=asked.validated_data["name"],
            connectors=self._connectors(row, asked.validated_data["connectors"]),
            actor=Actor.of_user(request.user),
            now=timezone.now(),
        )
        body = AcceptedSerializer({"charge_point_id": accepted.charge_point.pk, "key": accepted.key}).data
        return Response(body, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(request=BlockSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str | None = None) -> Response:
        """Refuse it from now on."""
        row = self.get_object()
        asked = BlockSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        pending.block_pending(
            row,
            actor=Actor.of_user(request.user),
            reason=asked.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _connectors(self, row: PendingChargePoint, asked: list[dict[str, Any]]) -> list[NewConnector]:
        circuits = Circuit.objects.filter(retired_at=None, pk__in={one["circuit"] for one in asked})
        if row.community_id is not None:
            circuits = circuits.filter(community_id=row.community_id)
        found = circuits.in_bulk()
        if any(one["circuit"] not in found for one in asked):
            raise InvalidInput("connectors", gettext("There is no such circuit."))
        return [
            NewConnector(found[one["circuit"]], one["phase_rotation"], one["max_current_ma"]) for one in asked
        ]
