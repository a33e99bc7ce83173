"""A circuit's last hours, for members of its community: sums without names."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.security.tenancy import request_access
from grid.api.serializers import PhasesField, SignedPhasesField
from grid.domain.demand import read_billed_peak
from grid.models import Circuit
from scheduling.domain.balancing.timeline import read_timeline


class HoursSerializer(serializers.Serializer[Any]):
    hours = serializers.IntegerField(min_value=1, max_value=168, default=6, required=False)


class PointSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    limit_ma = SignedPhasesField(
        help_text="The lowest of all that were open, with surplus and demand target."
    )
    base_ma = PhasesField(help_text="Of the building, as it was counted.")
    cars_ma = PhasesField(help_text="As the chargers measured.")
    reserved_ma = PhasesField(help_text="Highest possible load of the cars.")


class BilledSerializer(serializers.Serializer[Any]):
    """The metering interval that is billed, where a target is set."""

    target_w = serializers.IntegerField(source="target.target_w")
    month_peak_w = serializers.IntegerField(help_text="The highest mean of a finished interval this month.")
    mean_w = serializers.IntegerField(
        source="running.mean_w", default=None, help_text="Of the running interval, as if nothing more came."
    )
    cannot_hold = serializers.BooleanField(
        source="running.cannot_hold",
        default=None,
        help_text="The building and the power guaranteed to cars take the running interval beyond its target.",
    )


class TimelineSerializer(serializers.Serializer[Any]):
    circuit_id = serializers.UUIDField()
    points = PointSerializer(many=True)
    billed = BilledSerializer(allow_null=True)


class TimelineView(APIView):
    """Limit, building, cars and reservations of a circuit, from what each rebalance stored."""

    @extend_schema(parameters=[HoursSerializer], responses=TimelineSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 (the address's word)
        query = HoursSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        access = request_access(request)
        circuits = Circuit.objects.filter(retired_at=None)
        if not access.everywhere:
            circuits = circuits.filter(community_id__in=access.communities)
        circuit = get_object_or_404(circuits, pk=id)
        now = timezone.now()
        points = read_timeline(circuit, since=now - timedelta(hours=query.validated_data["hours"]), until=now)
        body = {
            "circuit_id": circuit.pk,
            "points": [_plain(asdict(point)) for point in points],
            "billed": read_billed_peak(circuit, now=now),
        }
        return Response(TimelineSerializer(body).data)


def _plain(point: dict[str, Any]) -> dict[str, Any]:
    return {name: value._asdict() if hasattr(value, "_asdict") else value for name, value in point.items()}
