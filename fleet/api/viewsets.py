from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import drivers_of, signed_in
from drivers.errors import NotADriver
from drivers.models import Driver
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.tenancy import TenantViewSet
from fleet.api.serializers import (
    ConnectionSerializer,
    VehicleAddSerializer,
    VehicleEditSerializer,
    VehicleReadingSerializer,
    VehicleSerializer,
)
from fleet.domain import connections, polling, vehicles
from fleet.errors import ProviderUnavailable
from fleet.models import SmartcarConnection, Vehicle
from fleet.smartcar.choice import gateway


class VehicleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Cars: own ones, for managers those of their communities. Answers carry an ETag."""

    queryset = Vehicle.objects.filter(retired_at=None).select_related("connection", "driver")
    serializer_class = VehicleSerializer
    owner = "driver__user"
    filterset_fields = ["driver", "plug_state", "charge_state"]

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": timezone.now()}

    @method_decorator(conditional_page)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @method_decorator(conditional_page)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(request=VehicleAddSerializer, responses={201: VehicleSerializer})
    def create(self, request: Request) -> Response:
        """A car without a link, by the driver's own numbers."""
        body = VehicleAddSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        numbers = dict(body.validated_data)
        vehicle = vehicles.add(_driver(request, numbers.pop("community_id")), **numbers)
        return Response(self.get_serializer(vehicle).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=VehicleEditSerializer, responses=VehicleSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        body = VehicleEditSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        vehicle = vehicles.edit(self.own(), now=timezone.now(), **body.validated_data)
        return Response(self.get_serializer(vehicle).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        vehicles.retire(self.own(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=VehicleReadingSerializer(many=True))
    @action(detail=True, filterset_fields=[])
    def readings(self, request: Request, pk: UUID | None = None) -> Response:
        """What the car reported, newest first."""
        page = self.paginate_queryset(self.get_object().readings.all())
        return self.get_paginated_response(VehicleReadingSerializer(page, many=True).data)

    @extend_schema(request=None, responses=VehicleSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, pk: UUID | None = None) -> Response:
        """Ask a linked car now."""
        vehicle, now = self.own(), timezone.now()
        if vehicle.connection_id is None:
            raise NotFound("This car is not linked.")
        waits = vehicle.wait_until is not None and vehicle.wait_until > now
        if waits or polling.ask(vehicle, gateway(), now=now) is None:
            raise ProviderUnavailable("The car does not answer now; what was last known stays.")
        vehicle.refresh_from_db()
        return Response(self.get_serializer(vehicle).data)

    def own(self) -> Vehicle:
        vehicle: Vehicle = self.get_object()
        if vehicle.driver.user_id != self.request.user.pk:
            raise NotFound("Only its driver can change a car.")
        return vehicle


class ConnectionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Own consents at Smartcar. Nobody else sees them."""

    queryset = SmartcarConnection.objects.all()
    serializer_class = ConnectionSerializer

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(driver__user=self.request.user.pk)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Revoke at the provider and wipe the tokens."""
        connections.disconnect(self.get_object(), gateway(), by=signed_in(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _driver(request: Request, community_id: UUID | None) -> Driver:
    own = drivers_of(request)
    if community_id is not None:
        if community_id not in own:
            raise NotFound("There is no such community among yours.")
        return own[community_id]
    if not own:
        raise NotADriver("Only a driver has cars.")
    if len(own) > 1:
        raise InvalidInput(
            "community_id", "You charge in several communities; say in which.", code="community_needed"
        )
    return next(iter(own.values()))
