from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from grid.api import state
from grid.api.idempotency import answer_once
from grid.api.serializers import (
    AuditSerializer,
    CircuitChangeSerializer,
    CircuitLimitSerializer,
    ClusterSerializer,
    ImposeSerializer,
    ReadingSerializer,
    ReasonSerializer,
    RetentionChangeSerializer,
    RetentionSerializer,
    TemporaryLimitSerializer,
)
from grid.domain import circuits, communities, limits, readings
from grid.domain.audit import Actor
from grid.models import AuditEntry, Circuit, Cluster, Community, TemporaryLimit


class ClusterViewSet(TenantViewSet):
    """The clusters of the caller's communities: the tree, its limits now, what the building takes."""

    queryset = Cluster.objects.filter(retired_at=None).select_related("community")
    serializer_class = ClusterSerializer
    shared = True

    @extend_schema(responses=ClusterSerializer(many=True))
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self._rows(page or []))

    @extend_schema(responses=ClusterSerializer)
    def retrieve(self, request: Request, pk: str | None = None) -> Response:
        return Response(self._rows([self.get_object()])[0])

    def _rows(self, clusters: Sequence[Cluster]) -> Any:
        seen = state.attach(clusters, now=timezone.now())
        context = {**self.get_serializer_context(), "aimed_ma": seen.aimed_ma, "base_ma": seen.base_ma}
        return ClusterSerializer(clusters, many=True, context=context).data


class TemporaryLimitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Limits that lower a circuit for a while: everybody sees them, managers impose and lift them."""

    queryset = TemporaryLimit.objects.select_related("circuit__cluster")
    serializer_class = TemporaryLimitSerializer
    shared = True
    filterset_fields = ["circuit", "source"]

    def get_permissions(self) -> list[Any]:
        return (
            [IsAuthenticated()] if self.action in ("list", "retrieve") else [IsAuthenticated(), IsManager()]
        )

    @extend_schema(request=ImposeSerializer, responses={201: TemporaryLimitSerializer})
    def create(self, request: Request) -> Response:
        body = ImposeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = dict(body.validated_data)
        rows = Circuit.objects.filter(retired_at=None).select_related("cluster")
        circuit = get_object_or_404(self.managed(rows), pk=wish.pop("circuit_id"))

        def act() -> tuple[int, Any]:
            actor = Actor.of_user(request.user)
            limit = limits.impose_limit(circuit, actor=actor, now=timezone.now(), **wish)
            return status.HTTP_201_CREATED, TemporaryLimitSerializer(limit).data

        return answer_once(request, route="limits.impose", act=act)

    @extend_schema(request=ReasonSerializer, responses=TemporaryLimitSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str | None = None) -> Response:
        body = ReasonSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        limit = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        limits.lift_limit(
            limit, actor=Actor.of_user(request.user), now=timezone.now(), reason=body.validated_data["reason"]
        )
        limit.refresh_from_db()
        return Response(TemporaryLimitSerializer(limit).data)


class CircuitViewSet(TenantViewSet):
    """Circuits as managers change them, and what their building meters measure."""

    queryset = Circuit.objects.filter(retired_at=None).select_related("cluster")
    serializer_class = ReadingSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True

    @extend_schema(request=CircuitChangeSerializer, responses=CircuitLimitSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change the permanent limit or the building's maximum. A change that leaves too little for the fallbacks is refused."""
        circuit = self.get_object()
        body = CircuitChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = circuits.change_circuit(
            circuit,
            to=body.columns(),
            actor=Actor.of_user(request.user),
            now=timezone.now(),
            reason=body.validated_data["reason"],
        )
        return Response(CircuitLimitSerializer(changed).data)

    @extend_schema(request=ReadingSerializer, responses={201: ReadingSerializer})
    @action(detail=True, methods=["post"])
    def readings(self, request: Request, pk: str | None = None) -> Response:
        circuit = get_object_or_404(self.get_queryset().filter(has_meter=True), pk=pk)
        body = ReadingSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        now = timezone.now()
        readings.check_age(body.validated_data["measured_at"], now=now)
        reading = readings.record_reading(circuit, now=now, **body.validated_data)
        return Response(ReadingSerializer(reading).data, status=status.HTTP_201_CREATED)


class RetentionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """How long records of the caller's communities stay. For their managers."""

    queryset = Community.objects.filter(retired_at=None)
    serializer_class = RetentionSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    community = "pk"

    @extend_schema(request=RetentionChangeSerializer, responses=RetentionSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change days. Records that are over the new time go within hours and don't come back."""
        community = self.get_object()
        body = RetentionChangeSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        days = dict(body.validated_data)
        reason = days.pop("reason", "")
        changed = communities.change_community(
            community, to=days, actor=Actor.of_user(request.user), now=timezone.now(), reason=reason
        )
        return Response(RetentionSerializer(changed).data)


class AuditViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Who did what, when and why. For managers."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["action", "target_kind", "target_id"]
