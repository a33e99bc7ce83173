"""Demand charges of clusters, for managers: set for months to come, with what they would have come to."""

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictMixin, StrictSerializer
from grid.api.idempotency import answer_once
from grid.domain.audit import Actor
from grid.models import Cluster
from pricing.domain.statements.demand import Sharing, share_charge
from pricing.domain.statements.demand_charges import remove_demand_charge, save_demand_charge
from pricing.domain.statements.lines import month_before
from pricing.enums import DemandSharing
from pricing.models import DemandCharge


class DemandChargeSerializer(serializers.ModelSerializer[DemandCharge]):
    community_id = serializers.UUIDField(read_only=True)
    cluster_id = serializers.UUIDField(read_only=True)

    class Meta:
        model = DemandCharge
        fields = ["id", "community_id", "cluster_id", "first_day", "per_kw_minor", "sharing", "created_at"]
        read_only_fields = fields


class TermsSerializer(StrictMixin, serializers.ModelSerializer[DemandCharge]):
    class Meta:
        model = DemandCharge
        fields = ["first_day", "per_kw_minor", "sharing"]


class NewChargeSerializer(TermsSerializer):
    cluster_id = serializers.UUIDField()

    class Meta(TermsSerializer.Meta):
        fields = ["cluster_id", *TermsSerializer.Meta.fields]


class TrySerializer(StrictSerializer):
    """Left out: as the charge says, in the last month that is over."""

    month = serializers.DateField(required=False, help_text="Any day of it.")
    sharing = serializers.ChoiceField(choices=DemandSharing.choices, required=False)
    per_kw_minor = serializers.IntegerField(required=False, min_value=1, max_value=100_000)


class PartSerializer(serializers.Serializer[Any]):
    driver_id = serializers.UUIDField(allow_null=True, help_text="Null: cars of nobody known.")
    energy_wh = serializers.IntegerField()
    power_w = serializers.IntegerField(help_text="Mean in the highest quarter of an hour.")
    is_partial = serializers.BooleanField(help_text="Charging began or ended within that quarter.")
    is_estimated = serializers.BooleanField(help_text="No meter value of the car is from within it.")
    amount_minor = serializers.IntegerField()


class SharingSerializer(serializers.Serializer[Any]):
    """`charge_minor` is `kept_minor` and the amounts of all drivers."""

    month = serializers.DateField(help_text="Its first day.")
    quarter = serializers.DateTimeField()
    peak_w = serializers.IntegerField()
    cars_w = serializers.IntegerField()
    is_counted = serializers.BooleanField(help_text="Whether the connection was counted in that quarter.")
    unmeasured = serializers.IntegerField(help_text="Sessions that have no load profile yet.")
    charge_minor = serializers.IntegerField()
    kept_minor = serializers.IntegerField()
    parts = PartSerializer(many=True)


class SharedSerializer(serializers.Serializer[Any]):
    shared = SharingSerializer(allow_null=True, help_text="Null: the month has no peak.")


class DemandChargeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What a kW of the connection's highest quarter of an hour costs, from a month on, and who pays for it."""

    queryset = DemandCharge.objects.select_related("cluster__community", "community")
    serializer_class = DemandChargeSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["community_id", "cluster", "sharing"]

    @extend_schema(request=NewChargeSerializer, responses={201: DemandChargeSerializer})
    def create(self, request: Request) -> Response:
        """Set one, from a month on; drivers share none before the next month."""
        body = NewChargeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = dict(body.validated_data)
        clusters = self.managed(Cluster.objects.select_related("community"))
        cluster: Any = get_object_or_404(clusters, pk=wish.pop("cluster_id"))
        charge = DemandCharge(community=cluster.community, cluster=cluster, **wish)

        def act() -> tuple[int, Any]:
            saved = save_demand_charge(charge, by=Actor.of_user(request.user), now=timezone.now())
            return status.HTTP_201_CREATED, DemandChargeSerializer(saved).data

        return answer_once(request, route="demand-charges.add", act=act)

    @extend_schema(request=TermsSerializer, responses=DemandChargeSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        """Change one that is still to come."""
        charge = self.get_object()
        body = TermsSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        for name, value in body.validated_data.items():
            setattr(charge, name, value)
        save_demand_charge(charge, by=Actor.of_user(request.user), now=timezone.now())
        return Response(DemandChargeSerializer(charge).data)

    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Remove one that is still to come, or that nobody pays."""
        remove_demand_charge(self.get_object(), by=Actor.of_user(request.user), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(parameters=[TrySerializer], responses=SharedSerializer)
    @action(detail=True, filterset_fields=[])
    def preview(self, request: Request, pk: UUID | None = None) -> Response:
        """What it came to, or would have come to, in a month. Nothing is kept."""
        charge, now = self.get_object(), timezone.now()
        query = TrySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        today = timezone.localdate(now, ZoneInfo(charge.community.time_zone))
        month: date = asked.pop("month", month_before(today)).replace(day=1)
        for name, value in asked.items():
            setattr(charge, name, value)
        sharing = share_charge(charge, month=month, now=now)
        facts = None if sharing is None else _facts(sharing, month)
        return Response(SharedSerializer({"shared": facts}).data)


def _facts(sharing: Sharing, month: date) -> dict[str, Any]:
    parts = [
        {
            "driver_id": who,
            "energy_wh": part.energy_wh,
            "power_w": part.power_w,
            "is_partial": part.is_partial,
            "is_estimated": part.is_estimated,
            "amount_minor": sharing.shares.of_each[who],
        }
        for who, part in sharing.parts.items()
    ]
    return {
        "month": month,
        "quarter": sharing.quarter,
        "peak_w": sharing.peak_w,
        "cars_w": sharing.cars_w,
        "is_counted": sharing.is_counted,
        "unmeasured": sharing.unmeasured,
        "charge_minor": sharing.shares.charge_minor,
        "kept_minor": sharing.kept_minor,
        "parts": parts,
    }
