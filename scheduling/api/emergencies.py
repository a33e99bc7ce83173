from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from chargers.enums import SessionState
from drivers.api.permissions import drivers_of, only_driver, signed_in
from drivers.errors import NotADriver
from drivers.models import Driver
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.words.said import Said
from fleet.models import Vehicle
from grid.api.idempotency import answer_once
from pricing.domain.choice import choose_price, version_during
from scheduling.api.serializers import (
    EmergencyClaimSerializer,
    EmergencySerializer,
    EmergencyTermsSerializer,
    VerdictSerializer,
    WhySerializer,
)
from scheduling.domain.conduct import emergencies
from scheduling.models import EmergencyRequest
from scheduling.rules.emergency import LONGEST


class EmergencyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Emergencies: own ones, for managers those of their communities, with the reasons of each decision."""

    queryset = EmergencyRequest.objects.select_related("driver__community", "session__connector__circuit")
    serializer_class = EmergencySerializer
    owner = "driver__user"
    filterset_fields = ["state", "driver"]
    throttle_scope: str | None = None

    def get_throttles(self) -> list[Any]:
        self.throttle_scope = "emergency" if self.action == "claim" else None
        return [ScopedRateThrottle()]

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated(), IsManager()] if self.action == "decide" else [IsAuthenticated()]

    @extend_schema(request=EmergencyClaimSerializer, responses={201: EmergencySerializer})
    @action(detail=False, methods=["post"], url_path="request")
    def claim(self, request: Request) -> Response:
        """Claim a minimum before the rest is shared. Checked against what is known; the answer has the reasons."""
        body = EmergencyClaimSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        driver, vehicle = _who(request, asked.pop("community_id"), asked.pop("vehicle_id"))

        def act() -> tuple[int, Any]:
            claim = emergencies.request_emergency(driver, vehicle=vehicle, now=timezone.now(), **asked)
            return status.HTTP_201_CREATED, EmergencySerializer(claim).data

        return answer_once(request, route="emergency.request", act=act)

    @extend_schema(responses=EmergencyTermsSerializer(many=True))
    @action(detail=False, pagination_class=None, filterset_fields=[])
    def terms(self, request: Request) -> Response:
        """Quota, what is left of it, who decides and what it costs, by community that the caller drives in."""
        now = timezone.now()
        body = [_terms(driver, now=now) for driver in drivers_of(request).values()]
        return Response(EmergencyTermsSerializer(body, many=True).data)

    @extend_schema(request=VerdictSerializer, responses=EmergencySerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: UUID | None = None) -> Response:
        """A manager accepts or refuses a claim that waits for one."""
        body = VerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        claim = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        decided = emergencies.decide_by_manager(
            claim, by=signed_in(request), now=timezone.now(), **body.validated_data
        )
        return Response(EmergencySerializer(decided).data)

    @extend_schema(request=WhySerializer, responses=EmergencySerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: UUID | None = None) -> Response:
        """Take it back: its driver, or a manager with a reason."""
        body = WhySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        revoked = emergencies.revoke_emergency(
            self.get_object(), by=signed_in(request), reason=body.validated_data["reason"], now=timezone.now()
        )
        return Response(EmergencySerializer(revoked).data)


def _terms(driver: Driver, *, now: datetime) -> dict[str, Any]:
    community = driver.community
    running = driver.sessions.filter(state=SessionState.ACTIVE, community=community).first()
    if running is not None:
        version = version_during(running, at=now)
    else:
        version = choose_price(community, at=now, driver=driver).version
    return {
        "community_id": community.pk,
        "per_month": community.emergencies_per_month,
        "used_this_month": emergencies.used_this_month(driver, now=now),
        "needs_manager": community.emergency_needs_manager,
        "longest_h": LONGEST // timedelta(hours=1),
        "surcharge_per_mwh_minor": version.emergency_surcharge_per_mwh_minor if version is not None else None,
        "currency": community.currency,
    }


def _who(
    request: Request, community_id: UUID | None, vehicle_id: UUID | None
) -> tuple[Driver, Vehicle | None]:
    own = drivers_of(request)
    if vehicle_id is not None:
        rows = Vehicle.objects.filter(driver__in=own.values(), retired_at=None).select_related(
            "driver__community"
        )
        vehicle = get_object_or_404(rows, pk=vehicle_id)
        return vehicle.driver, vehicle
    if community_id is None and not own:
        raise NotADriver(Said("refusal.only_driver_claims"))
    return only_driver(request, community_id), None
