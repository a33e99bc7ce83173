"""Flats and cost centres, for managers; where drivers belong."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import managed_community, signed_in
from drivers.domain import flats
from drivers.models import Driver, Flat
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from grid.domain.audit import Actor

WRITTEN = ("kind", "name", "holder", "address", "billed_together")


class FlatSerializer(StrictMixin, serializers.ModelSerializer[Flat]):
    community_id = serializers.UUIDField(required=False)

    class Meta:
        model = Flat
        fields = ["id", "community_id", *WRITTEN, "retired_at", "created_at"]
        read_only_fields = ["id", "retired_at", "created_at"]


class FlatDriverSerializer(StrictSerializer):
    driver_id = serializers.UUIDField()


class FlatViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Flats and cost centres of the manager's communities. A driver belongs to one of them at most."""

    queryset = Flat.objects.all()
    serializer_class = FlatSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["community_id", "kind"]

    @extend_schema(request=FlatSerializer, responses={201: FlatSerializer})
    def create(self, request: Request) -> Response:
        """Add one; `community_id` is required from managers of several communities."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        community = managed_community(self.access, values.pop("community_id", None))
        flat = flats.add_flat(community, values=values, actor=self._actor(), now=timezone.now())
        return Response(self.get_serializer(flat).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=FlatSerializer, responses=FlatSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        """Change what is sent, and nothing else. Its community stays."""
        flat = self.get_object()
        body = self.get_serializer(flat, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        values = {name: value for name, value in body.validated_data.items() if name in WRITTEN}
        flats.change_flat(flat, values=values, actor=self._actor(), now=timezone.now())
        return Response(self.get_serializer(flat).data)

    @extend_schema(request=None, responses=FlatSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: UUID | None = None) -> Response:
        """It can't be chosen any more. Refused while drivers belong to it."""
        flat = self.get_object()
        flats.retire_flat(flat, actor=self._actor(), now=timezone.now())
        return Response(self.get_serializer(flat).data)

    @extend_schema(request=FlatDriverSerializer, responses=FlatSerializer)
    @action(detail=True, methods=["post"], url_path="drivers/add")
    def add_driver(self, request: Request, pk: UUID | None = None) -> Response:
        """From now on the driver belongs to this flat, and to no other."""
        return self._move(request, self.get_object(), is_leaving=False)

    @extend_schema(request=FlatDriverSerializer, responses=FlatSerializer)
    @action(detail=True, methods=["post"], url_path="drivers/remove")
    def remove_driver(self, request: Request, pk: UUID | None = None) -> Response:
        """From now on the driver belongs to no flat."""
        return self._move(request, self.get_object(), is_leaving=True)

    def _move(self, request: Request, flat: Flat, *, is_leaving: bool) -> Response:
        body = FlatDriverSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        drivers: Any = Driver.objects.filter(community=flat.community_id)
        drivers = drivers.filter(flat=flat) if is_leaving else drivers
        driver = get_object_or_404(drivers, pk=body.validated_data["driver_id"])
        flats.move_driver(driver, None if is_leaving else flat, actor=self._actor(), now=timezone.now())
        return Response(self.get_serializer(flat).data)

    def _actor(self) -> Actor:
        return Actor.of_user(signed_in(self.request))
