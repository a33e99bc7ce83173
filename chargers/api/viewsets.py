from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from chargers.api.serializers import (
    ChargePointSerializer,
    CommandSerializer,
    ConnectorSerializer,
    ManagedChargePointSerializer,
    ManagedConnectorSerializer,
    MeterKeySerializer,
    OrderSerializer,
    SpacesOfReader,
    WiringSerializer,
)
from chargers.domain import operations
from chargers.domain.metering import meter_keys
from chargers.domain.orders import remote
from chargers.domain.orders.arguments import make_order
from chargers.domain.stations import wiring
from chargers.enums import CommandKind, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from drivers.api.permissions import driver_in
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import NoBodySerializer
from grid.api.idempotency import answer_once
from grid.domain.audit import Actor
from grid.enums import ActorKind
from grid.models import Circuit


class _ByRole(TenantViewSet):
    """Managers read more columns of the same rows; a page that mixes communities shows what everybody may see."""

    shared = True
    plain: type[serializers.BaseSerializer[Any]]
    managed_rows: type[serializers.BaseSerializer[Any]]

    def get_serializer_context(self) -> dict[str, Any]:
        now = timezone.now()
        return {
            **super().get_serializer_context(),
            "now": now,
            "spaces": SpacesOfReader(self.request, now=now),
        }

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        if getattr(self, "swagger_fake_view", False):
            return self.managed_rows
        access = self.access
        return self.managed_rows if access.everywhere or access.communities == access.managed else self.plain


class ChargePointViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, _ByRole):
    """Charge points and their connectors. Managers see the technical side as well; nobody sees a key."""

    queryset = ChargePoint.objects.filter(retired_at=None).prefetch_related("connectors__charge_point")
    plain = ChargePointSerializer
    managed_rows = ManagedChargePointSerializer
    filterset_fields = ["cluster"]

    @extend_schema(request=OrderSerializer, responses={202: CommandSerializer})
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated, IsManager])
    def command(self, request: Request, pk: str | None = None) -> Response:
        """Send a command, for managers. `abilities` says which it can do; the command's state what became of it."""
        charge_point = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        order = OrderSerializer(data=request.data)
        order.is_valid(raise_exception=True)
        given = order.validated_data
        number = given.get("connector")
        connector = None
        if number is not None:
            connector = get_object_or_404(charge_point.connectors, number=number, retired_at=None)

        def act() -> tuple[int, Any]:
            command = operations.order_command(
                charge_point,
                make_order(CommandKind(given["kind"]), given.get("arguments") or {}),
                actor=Actor.of_user(request.user),
                now=timezone.now(),
                connector=connector,
                reason=given.get("reason", ""),
            )
            return status.HTTP_202_ACCEPTED, CommandSerializer(command).data

        return answer_once(request, route=f"command:{charge_point.pk}", act=act)


class ConnectorViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, _ByRole):
    queryset = Connector.objects.filter(retired_at=None, charge_point__retired_at=None).select_related(
        "charge_point"
    )
    plain = ConnectorSerializer
    managed_rows = ManagedConnectorSerializer
    filterset_fields = ["charge_point", "circuit", "status"]

    @extend_schema(request=WiringSerializer, responses=ManagedConnectorSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change the wiring or the fallback. Fallbacks that would not fit are refused with the missing amperes."""
        connector = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = WiringSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        to = dict(body.validated_data)
        reason = to.pop("reason")
        if "circuit_id" in to:
            get_object_or_404(self.managed(Circuit.objects.filter(retired_at=None)), pk=to["circuit_id"])
        changed = wiring.change_wiring(
            connector, to=to, actor=Actor.of_user(request.user), now=timezone.now(), reason=reason
        )
        return Response(ManagedConnectorSerializer(changed, context=self.get_serializer_context()).data)

    @extend_schema(request=MeterKeySerializer, responses=MeterKeySerializer)
    @action(detail=True, methods=["post"], url_path="meter-key")
    def meter_key(self, request: Request, pk: str | None = None) -> Response:
        """Register the public key that is printed on the connector's meter: it proves what the meter signs."""
        connector = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = MeterKeySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        key, actor = body.validated_data["registered_meter_key"], Actor.of_user(request.user)
        meter_keys.register_key(connector, key, actor=actor, now=timezone.now())
        return Response(MeterKeySerializer(connector).data)

    @extend_schema(request=NoBodySerializer, responses={202: CommandSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str | None = None) -> Response:
        """Ask the charger to start for the caller. The command's state tells what became of it."""
        NoBodySerializer(data=request.data).is_valid(raise_exception=True)
        connector = self.get_object()
        driver = driver_in(request, connector.community_id)

        def act() -> tuple[int, Any]:
            command = remote.start_remotely(
                connector, driver, actor=Actor.of_user(request.user), now=timezone.now()
            )
            return status.HTTP_202_ACCEPTED, CommandSerializer(command).data

        return answer_once(request, route=f"start:{connector.pk}", act=act)

    @extend_schema(request=NoBodySerializer, responses={202: CommandSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str | None = None) -> Response:
        """Ask the charger to stop: the caller's own transaction, or for a manager any."""
        NoBodySerializer(data=request.data).is_valid(raise_exception=True)
        connector = self.get_object()
        rows = Session.objects.filter(connector=connector, state=SessionState.ACTIVE).select_related(
            "connector__charge_point",
        )
        if not self.access.manages(connector.community_id):
            rows = rows.filter(driver__user=request.user.pk)
        session = get_object_or_404(rows)

        def act() -> tuple[int, Any]:
            command = remote.stop_remotely(session, actor=Actor.of_user(request.user), now=timezone.now())
            return status.HTTP_202_ACCEPTED, CommandSerializer(command).data

        return answer_once(request, route=f"stop:{connector.pk}", act=act)


class CommandViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What became of a command: managers see all of their communities', others the ones that they asked for."""

    queryset = ChargerCommand.objects.all()
    serializer_class = CommandSerializer
    filterset_fields = ["charge_point", "connector", "kind", "state"]

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        access = self.access
        if access.everywhere:
            return rows
        me = {"actor_kind": ActorKind.USER, "actor_id": str(self.request.user.pk)}
        own = Q(community_id__in=access.communities, **me)
        return rows.filter(Q(community_id__in=access.managed) | own)
