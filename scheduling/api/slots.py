from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle, UserRateThrottle

from chargers.models import Connector
from drivers.api.permissions import driver_in, drivers_of, signed_in
from drivers.models import Driver
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.common.units import ma_to_w
from evbalancer.common.words.inputs import REASON_FOR_DRIVER
from evbalancer.common.words.said import Said
from fleet.domain import vehicles
from fleet.models import Vehicle
from grid.api.idempotency import answer_once
from grid.models import Cluster
from pricing.domain.curves import cost_bounds_minor
from pricing.domain.extras import booking_fees
from pricing.enums import LineKind
from scheduling.api.plans import CourseSerializer, PlanThrottle, describe_course
from scheduling.api.serializers import (
    ExtendSerializer,
    SlotAnswerSerializer,
    SlotPreviewSerializer,
    SlotSerializer,
    SlotWishSerializer,
    SnoozeSerializer,
    WhySerializer,
)
from scheduling.domain.booking import departures, positions, requests
from scheduling.domain.booking.promises import Answer, SlotWish
from scheduling.domain.conduct.charges import CANCELLED_BY_DRIVER
from scheduling.domain.learning import windows
from scheduling.domain.trials import courses
from scheduling.models import SlotRequest


class PreviewThrottle(UserRateThrottle):
    """A form asks at every turn of its knobs, so more than for a request; each answer lays out the whole plan."""

    scope = "preview"
    rate = "120/min"


class SlotViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Slots: own ones, for managers those of their communities. A wish gets its answer at once."""

    queryset = SlotRequest.objects.select_related(
        "driver__community", "cluster__community", "vehicle", "connector"
    )
    serializer_class = SlotSerializer
    owner = "driver__user"
    filterset_fields = ["state", "cluster", "driver", "vehicle"]
    throttle_scope: str | None = None

    def get_queryset(self) -> QuerySet[SlotRequest]:
        # Only a list: what is acted on must tell its position as it is afterwards.
        rows = super().get_queryset()
        return positions.with_positions(rows) if self.action == "list" else rows

    def get_throttles(self) -> list[Any]:
        if self.action == "preview":
            return [PreviewThrottle()]
        if self.action == "plan":
            return [PlanThrottle()]
        self.throttle_scope = "slot" if self.action == "ask" else None
        return [ScopedRateThrottle()]

    @extend_schema(request=SlotWishSerializer, responses={201: SlotSerializer})
    @action(detail=False, methods=["post"], url_path="request")
    def ask(self, request: Request) -> Response:
        """Ask for energy by a departure. Promised, promised in part, queued; or refused with the nearest offer."""
        body = SlotWishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        driver, cluster, wish = read_wish(request, body.validated_data, now=now)

        def act() -> tuple[int, Any]:
            slot = requests.request_slot(driver, cluster, wish, now=now)
            return status.HTTP_201_CREATED, SlotSerializer(slot).data

        return answer_once(request, route="slot.request", act=act)

    @extend_schema(request=SlotPreviewSerializer, responses=SlotAnswerSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """What a request would be answered now, and what it would cost. Nothing is stored or held."""
        driver, cluster, wish, slot = self._read_trial(request)
        found = requests.preview_slot(driver, cluster, wish, now=timezone.now(), instead_of=slot)
        answer = found.answer
        least, most = _cost_bounds(driver, cluster, wish, answer)
        fees = booking_fees(driver, cluster, wish.connector, at=timezone.now()) if answer.promised_wh else {}
        return Response(
            SlotAnswerSerializer(
                {
                    "answer": answer,
                    "alternatives": found.alternatives,
                    "energy_wh": wish.energy_wh,
                    "ready_by": wish.ready_by,
                    "cost_minor_least": least,
                    "cost_minor_most": most,
                    "reservation_fee_minor": fees.get(LineKind.RESERVATION, 0) if wish.connector else 0,
                    "no_show_fee_minor": fees.get(LineKind.NO_SHOW, 0),
                    "currency": cluster.community.currency,
                }
            ).data
        )

    @extend_schema(request=SlotPreviewSerializer, responses=CourseSerializer)
    @action(detail=False, methods=["post"])
    def plan(self, request: Request) -> Response:
        """When the car would be expected to charge, as things stand, and at what price. Nothing is stored or held."""
        now = timezone.now()
        driver, cluster, wish, slot = self._read_trial(request)
        answer = requests.preview_slot(driver, cluster, wish, now=now, instead_of=slot).answer
        course, connector = None, answer.planned or wish.connector
        if connector is not None:
            wanted = courses.Wanted(
                connector, wish.vehicle, wish.energy_wh, answer.promised_wh, wish.not_before, wish.ready_by
            )
            wish_key = {courses.WISH}
            found = courses.foresee_courses(cluster, of=wish_key, now=now, wish=wanted, instead_of=slot)
            course = found.get(courses.WISH)
        told = describe_course(course, cluster, driver=driver, connector=connector)
        return Response(CourseSerializer(told).data)

    def _read_trial(self, request: Request) -> tuple[Driver, Cluster, SlotWish, SlotRequest | None]:
        """A wish to try out, and the own slot in whose place it would come."""
        body = SlotPreviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        instead_of = asked.pop("instead_of")
        slot = get_object_or_404(self._own_slots(), pk=instead_of) if instead_of is not None else None
        if slot is not None:
            asked["cluster_id"] = slot.cluster_id
        return *read_wish(request, asked, now=timezone.now()), slot

    @extend_schema(request=WhySerializer, responses=SlotSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID | None = None) -> Response:
        """Give the slot back: its driver, or a manager with a reason."""
        slot = self.get_object()
        body = WhySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        own = slot.driver.user_id == request.user.pk
        why = CANCELLED_BY_DRIVER
        if not own:
            reason = REASON_FOR_DRIVER.check("reason", body.validated_data["reason"])
            why = Said("slot.cancelled_by_manager", {"why": reason})
        return Response(SlotSerializer(requests.cancel_slot(slot, now=timezone.now(), why=why)).data)

    @extend_schema(request=SlotWishSerializer, responses={201: SlotSerializer})
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: UUID | None = None) -> Response:
        """Replace an open slot by another wish. A refusal leaves the old promise as it was."""
        slot, now = self.own_slot(), timezone.now()
        body = SlotWishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        _, cluster, wish = read_wish(request, {**body.validated_data, "cluster_id": slot.cluster_id}, now=now)
        if cluster.pk != slot.cluster_id:
            raise NotFound(Said("refusal.no_connector"))
        return Response(
            SlotSerializer(requests.change_slot(slot, wish, now=now)).data, status=status.HTTP_201_CREATED
        )

    @extend_schema(request=ExtendSerializer, responses={201: SlotSerializer})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: UUID | None = None) -> Response:
        """The same wish with another departure."""
        slot, now = self.own_slot(), timezone.now()
        body = ExtendSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = replace(_wish_of(slot, now=now), ready_by=body.validated_data["ready_by"])
        return Response(
            SlotSerializer(requests.change_slot(slot, wish, now=now)).data, status=status.HTTP_201_CREATED
        )

    @extend_schema(request=None, responses=SlotSerializer)
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: UUID | None = None) -> Response:
        """Leave now: the rest of the energy goes to the others, and the charger is asked to stop."""
        slot = departures.leave_early(self.own_slot(), by=signed_in(request), now=timezone.now())
        return Response(SlotSerializer(slot).data)

    @extend_schema(request=SnoozeSerializer, responses={201: SlotSerializer})
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: UUID | None = None) -> Response:
        """Coming later: the same wish in a window that begins so many minutes later."""
        slot = self.own_slot()
        body = SnoozeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        moved = departures.snooze_slot(slot, minutes=body.validated_data["minutes"], now=timezone.now())
        return Response(SlotSerializer(moved).data, status=status.HTTP_201_CREATED)

    def own_slot(self) -> SlotRequest:
        slot: SlotRequest = self.get_object()
        if slot.driver.user_id != self.request.user.pk:
            raise NotFound(Said("refusal.only_its_driver_changes_slot"))
        return slot

    def _own_slots(self) -> QuerySet[SlotRequest]:
        return self.get_queryset().filter(driver__user=self.request.user.pk)


def read_wish(request: Request, asked: dict[str, Any], *, now: datetime) -> tuple[Driver, Cluster, SlotWish]:
    """Rows for the ids of a request, among those that the caller may use. Raises NotFound and InvalidInput."""
    own = drivers_of(request)
    vehicle: Vehicle | None = None
    connector: Connector | None = None
    if asked["vehicle_id"] is not None:
        cars = Vehicle.objects.filter(driver__in=own.values(), retired_at=None)
        vehicle = get_object_or_404(cars, pk=asked["vehicle_id"])
    if asked["connector_id"] is not None:
        places = Connector.objects.filter(
            community_id__in=own, retired_at=None, charge_point__retired_at=None
        )
        connector = get_object_or_404(places.select_related("charge_point"), pk=asked["connector_id"])
    cluster = _cluster(own, asked["cluster_id"], vehicle, connector)
    driver = driver_in(request, cluster.community_id)
    wish = SlotWish(
        energy_wh=_energy_wh(asked, vehicle, now=now),
        not_before=asked["not_before"] or now,
        ready_by=asked["ready_by"],
        vehicle=vehicle,
        connector=connector,
        flexible=asked["flexible"],
    )
    return driver, cluster, wish


def _cost_bounds(
    driver: Driver, cluster: Cluster, wish: SlotWish, answer: Answer
) -> tuple[int | None, int | None]:
    """What was promised (or, for the queue, wished) in the cheapest and in the dearest hours of the window."""
    power_w = 0
    if answer.planned is not None:
        phases = windows.power_phases(answer.planned, wish.vehicle)
        current_ma = windows.max_ma(answer.planned, wish.vehicle)
        power_w = ma_to_w(current_ma, voltage_v=cluster.voltage_v, phases=phases)
    bounds = cost_bounds_minor(
        cluster,
        energy_wh=answer.promised_wh or wish.energy_wh,
        power_w=power_w,
        start=wish.not_before,
        end=wish.ready_by,
        driver=driver,
        connector=wish.connector or answer.planned,
    )
    return bounds or (None, None)


def _cluster(
    own: dict[UUID, Driver],
    cluster_id: UUID | None,
    vehicle: Vehicle | None,
    connector: Connector | None,
) -> Cluster:
    rows = Cluster.objects.filter(community_id__in=own, retired_at=None).select_related("community")
    if connector is not None:
        rows = rows.filter(pk=connector.charge_point.cluster_id)
    if cluster_id is not None:
        rows = rows.filter(pk=cluster_id)
    if vehicle is not None:
        rows = rows.filter(community_id=vehicle.community_id)
    found = list(rows[:2])
    if not found:
        raise NotFound(Said("refusal.no_cluster"))
    if len(found) > 1:
        raise InvalidInput("cluster_id", Said("refusal.cluster_id_needed"), code="cluster_needed")
    return found[0]


def _energy_wh(asked: dict[str, Any], vehicle: Vehicle | None, *, now: datetime) -> int:
    if "energy_wh" in asked:
        return int(asked["energy_wh"])
    if vehicle is None:
        raise InvalidInput("target_pct", Said("refusal.energy_or_vehicle_needed"), code="charge_unknown")
    return vehicles.energy_to_reach(vehicle, asked["target_pct"], now=now)


def _wish_of(slot: SlotRequest, *, now: datetime) -> SlotWish:
    if slot.connector is not None and slot.connector.retired_at is not None:
        raise serializers.ValidationError({"connector_id": [gettext("The connector is no longer in use.")]})
    return SlotWish(
        energy_wh=slot.energy_wh,
        not_before=max(slot.not_before, now),
        ready_by=slot.ready_by,
        vehicle=slot.vehicle,
        connector=slot.connector,
        flexible=slot.flexible,
    )
