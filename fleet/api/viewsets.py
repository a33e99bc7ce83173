from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import only_driver, signed_in
from evbalancer.common.errors import NotFound
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.common.words.said import Said
from fleet.api.serializers import (
    ChargeLimitSerializer,
    ChargingSerializer,
    ChooseSerializer,
    ConnectionSerializer,
    StaySerializer,
    VehicleAddSerializer,
    VehicleDetailSerializer,
    VehicleEditSerializer,
    VehicleReadingSerializer,
    VehicleSerializer,
    WhichCarSerializer,
)
from fleet.domain import connecting, connections, control, polling, stays, vehicles
from fleet.errors import ProviderUnavailable
from fleet.models import SmartcarConnection, Stay, Vehicle
from fleet.smartcar.choice import gateway

RUNNING = Prefetch(
    "stays", queryset=Stay.objects.filter(ended_at=None).order_by("-began_at"), to_attr="running_stays"
)


class VehicleViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Cars: own ones, for managers those of their communities. Answers carry an ETag."""

    queryset = (
        Vehicle.objects.filter(retired_at=None)
        .select_related("connection", "driver")
        .prefetch_related(RUNNING)
    )
    serializer_class = VehicleSerializer
    owner = "driver__user"
    filterset_fields = {
        "driver": ["exact"],
        "make": ["iexact"],
        "plug_state": ["exact"],
        "charge_state": ["exact"],
        "charge_source": ["exact"],
        "charge_pct": ["lt", "gte"],
        "charge_at": ["gte"],
        "connection": ["isnull"],
        "is_here": ["exact"],
    }

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": timezone.now()}

    @method_decorator(conditional_page)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=VehicleDetailSerializer)
    @method_decorator(conditional_page)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(self.detail_of(self.get_object()))

    @extend_schema(request=VehicleAddSerializer, responses={201: VehicleDetailSerializer})
    def create(self, request: Request) -> Response:
        """A car without a link, by the driver's own numbers."""
        body = VehicleAddSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        numbers = dict(body.validated_data)
        vehicle = vehicles.add_vehicle(only_driver(request, numbers.pop("community_id")), **numbers)
        return Response(self.detail_of(vehicle), status=status.HTTP_201_CREATED)

    @extend_schema(request=VehicleEditSerializer, responses=VehicleDetailSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        body = VehicleEditSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        vehicle = vehicles.edit_vehicle(self.own(), now=timezone.now(), **body.validated_data)
        return Response(self.detail_of(vehicle))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Take the car away; with the last car of a consent the consent ends at the provider too."""
        connections.release_car(self.own(), gateway(), by=signed_in(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=VehicleReadingSerializer(many=True))
    @action(detail=True, filterset_fields=[])
    def readings(self, request: Request, pk: UUID | None = None) -> Response:
        """What the car reported, newest first."""
        page = self.paginate_queryset(self.get_object().readings.all())
        return self.get_paginated_response(VehicleReadingSerializer(page, many=True).data)

    @extend_schema(request=None, responses=VehicleDetailSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, pk: UUID | None = None) -> Response:
        """Ask a linked car now, as far as the budget of calls allows."""
        vehicle = self.own()
        if vehicle.connection_id is None:
            raise NotFound(Said("refusal.car_not_linked"))
        if polling.ask_for_driver(vehicle, gateway(), now=timezone.now()) is None:
            raise ProviderUnavailable(Said("refusal.car_silent"))
        return Response(self.detail_of(vehicle))

    @extend_schema(request=ChargingSerializer, responses=VehicleDetailSerializer)
    @action(detail=True, methods=["post"])
    def charging(self, request: Request, pk: UUID | None = None) -> Response:
        """Start or stop charging through the car itself; 409 `charger_steers` while a charger of ours can."""
        body = ChargingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        vehicle = self.own()
        act = control.start_charging if body.validated_data["action"] == "start" else control.stop_charging
        act(vehicle, gateway(), by=signed_in(request), now=timezone.now())
        return Response(self.detail_of(vehicle))

    @extend_schema(request=ChargeLimitSerializer, responses=VehicleDetailSerializer)
    @action(detail=True, methods=["post"])
    def charge_limit(self, request: Request, pk: UUID | None = None) -> Response:
        """Set the charge at which the car stops; 409 `charger_steers` while a charger of ours can."""
        body = ChargeLimitSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        vehicle = self.own()
        control.set_limit(
            vehicle, gateway(), body.validated_data["pct"], by=signed_in(request), now=timezone.now()
        )
        return Response(self.detail_of(vehicle))

    def detail_of(self, vehicle: Vehicle) -> Any:
        return VehicleDetailSerializer(vehicle, context=self.get_serializer_context()).data

    def own(self) -> Vehicle:
        vehicle: Vehicle = self.get_object()
        if vehicle.driver.user_id != self.request.user.pk:
            raise NotFound(Said("refusal.only_its_driver_changes_car"))
        return vehicle


class StayViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Which car stands where: own stays, for managers those of their communities."""

    queryset = Stay.objects.select_related("driver")
    serializer_class = StaySerializer
    owner = "driver__user"
    filterset_fields = ["session_id", "vehicle", "told_by"]

    @extend_schema(request=WhichCarSerializer, responses=StaySerializer)
    @action(detail=True, methods=["post"])
    def vehicle(self, request: Request, pk: UUID | None = None) -> Response:
        """The driver says which car it is. One tap, and never overruled."""
        body = WhichCarSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        stay: Stay = self.get_object()
        if stay.driver is None or stay.driver.user_id != request.user.pk:
            raise NotFound(Said("refusal.only_its_driver_names_car"))
        chosen = body.validated_data["vehicle_id"]
        car = None
        if chosen is not None:
            car = Vehicle.objects.filter(pk=chosen, driver=stay.driver, retired_at=None).first()
            if car is None:
                raise NotFound(Said("refusal.no_car"))
        stay = stays.correct_stay(stay, car, by=signed_in(request), now=timezone.now())
        return Response(StaySerializer(stay).data)


class ConnectionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Own consents at Smartcar. Nobody else sees them."""

    queryset = SmartcarConnection.objects.select_related("driver")
    serializer_class = ConnectionSerializer

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(driver__user=self.request.user.pk)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Revoke at the provider and wipe the tokens."""
        connections.disconnect_consent(
            self.get_object(), gateway(), by=signed_in(request), now=timezone.now()
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ChooseSerializer, responses=VehicleSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None)
    def choose(self, request: Request, pk: UUID | None = None) -> Response:
        """Pick among the cars that the consent covers."""
        body = ChooseSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        linked = connecting.choose_cars(
            self.get_object(),
            body.validated_data["smartcar_ids"],
            by=signed_in(request),
            now=timezone.now(),
        )
        return Response(VehicleSerializer(linked, many=True, context={"now": timezone.now()}).data)
