"""Tariffs for a part of a community, for managers."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from evbalancer.common.clocks.moments import ZonedMomentField
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictSerializer
from grid.api.idempotency import answer_once
from grid.domain.audit import Actor
from pricing.domain.assignments import MODELS, assign_tariff, remove_assignment, save_assignment
from pricing.enums import PriceBasis
from pricing.models import Tariff, TariffAssignment
from pricing.models.assignment import ONE_TARGET


class AssignmentSerializer(serializers.ModelSerializer[TariffAssignment]):
    community_id = serializers.UUIDField(read_only=True)
    tariff_id = serializers.UUIDField(read_only=True)
    tariff_name = serializers.CharField(source="tariff.name", read_only=True)
    basis = serializers.ChoiceField(choices=PriceBasis.choices, read_only=True)
    target_id = serializers.UUIDField(source="target.pk", read_only=True, default=None, allow_null=True)
    target_name = serializers.CharField(source="target.__str__", read_only=True, default="")

    class Meta:
        model = TariffAssignment
        fields = [
            "id", "community_id", "tariff_id", "tariff_name", "basis", "target_id", "target_name", "begins_at",
            "ends_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class AssignSerializer(StrictSerializer):
    """One target at most; without one the tariff is everybody's."""

    tariff_id = serializers.UUIDField()
    driver_group_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    connector_group_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    cluster_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    begins_at = ZonedMomentField(required=False, allow_null=True, default=None, help_text="Now if empty.")
    ends_at = ZonedMomentField(required=False, allow_null=True, default=None, help_text="Not included.")


class TermSerializer(StrictSerializer):
    """When it begins or ends. Of one that has begun only the end can change."""

    begins_at = ZonedMomentField(required=False)
    ends_at = ZonedMomentField(required=False, allow_null=True)


class AssignmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Who pays what from when. The narrowest one that is in force when a session begins prices it."""

    queryset = TariffAssignment.objects.select_related(
        "tariff", "driver_group", "connector_group", "cluster", "community"
    )
    serializer_class = AssignmentSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["community_id", "tariff", "driver_group", "connector_group", "cluster"]

    @extend_schema(request=AssignSerializer, responses={201: AssignmentSerializer})
    def create(self, request: Request) -> Response:
        """Assign a tariff to a group of drivers, a group of connectors, a cluster, or everybody."""
        body = AssignSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish, now = body.validated_data, timezone.now()
        tariff = get_object_or_404(
            self.managed(Tariff.objects.select_related("community")), pk=wish["tariff_id"]
        )
        target = self._target(wish, tariff)

        def act() -> tuple[int, Any]:
            assignment = assign_tariff(
                tariff,
                target=target,
                begins_at=wish["begins_at"] or now,
                ends_at=wish["ends_at"],
                by=Actor.of_user(request.user),
                now=now,
            )
            return status.HTTP_201_CREATED, AssignmentSerializer(assignment).data

        return answer_once(request, route="tariffs.assign", act=act)

    @extend_schema(request=TermSerializer, responses=AssignmentSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        """Change when it begins or ends."""
        assignment = self.get_object()
        body = TermSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        for name, value in body.validated_data.items():
            setattr(assignment, name, value)
        save_assignment(assignment, by=Actor.of_user(request.user), now=timezone.now())
        return Response(AssignmentSerializer(assignment).data)

    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Take back one that is still to come."""
        remove_assignment(self.get_object(), by=Actor.of_user(request.user), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _target(self, wish: dict[str, Any], tariff: Tariff) -> Any:
        named = [name for name in MODELS if wish[f"{name}_id"] is not None]
        if len(named) > 1:
            raise InvalidInput(f"{named[1]}_id", ONE_TARGET)
        if not named:
            return None
        rows = MODELS[named[0]].objects.filter(community=tariff.community_id)
        return get_object_or_404(rows, pk=wish[f"{named[0]}_id"])
