"""Refused cards, for managers. The whole number is only in the back office; here is its end."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from chargers.domain.cards import refused
from chargers.models import RefusedCard
from drivers.domain.drivers import mask_token
from drivers.models import Driver
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import NoBodySerializer, StrictSerializer
from grid.domain.audit import Actor


class RefusedCardSerializer(serializers.ModelSerializer[RefusedCard]):
    community_id = serializers.UUIDField(read_only=True)
    charge_point_id = serializers.UUIDField(read_only=True)
    charge_point = serializers.CharField(source="charge_point.__str__", read_only=True)
    card = serializers.SerializerMethodField()
    driver_id = serializers.UUIDField(
        source="holder_id",
        read_only=True,
        allow_null=True,
        help_text="Whose it is by now; null for an unknown card.",
    )

    class Meta:
        model = RefusedCard
        fields = [
            "id", "community_id", "charge_point_id", "charge_point", "card", "status", "count", "first_at",
            "last_at", "declined_at", "driver_id",
        ]  # fmt: skip
        read_only_fields = fields

    def get_card(self, row: RefusedCard) -> str:
        return mask_token(row.token)


class AssignCardSerializer(StrictSerializer):
    driver_id = serializers.UUIDField()


class RefusedCardViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The newest first. Those that were not shown for 30 days are forgotten."""

    queryset = refused.with_holders(RefusedCard.objects.select_related("charge_point"))
    serializer_class = RefusedCardSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["charge_point", "status"]

    @extend_schema(request=AssignCardSerializer, responses={204: None})
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: Any = None) -> Response:
        """Give the card to a driver of the community."""
        row = self.get_object()
        body = AssignCardSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        drivers = Driver.objects.filter(community=row.community_id)
        driver = get_object_or_404(drivers, pk=body.validated_data["driver_id"])
        refused.assign_refused(row, driver, actor=Actor.of_user(request.user), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=NoBodySerializer, responses=RefusedCardSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: Any = None) -> Response:
        """It is nobody's here: it stays refused, and asks for no decision any more."""
        NoBodySerializer(data=request.data).is_valid(raise_exception=True)
        row = self.get_object()
        refused.decline_refused(row, actor=Actor.of_user(request.user), now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)
