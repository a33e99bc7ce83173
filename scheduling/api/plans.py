"""When cars are expected to charge, and what that would cost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from chargers.models import Connector
from drivers.api.permissions import drivers_of
from drivers.models import Driver
from grid.models import Cluster
from pricing.domain.curves import cost_of_stretches_minor
from scheduling.domain.trials.courses import Course, foresee_of_drivers


class PlanThrottle(UserRateThrottle):
    """Each answer plays the engine some hours ahead."""

    scope = "plan"
    rate = "40/min"


class StretchSerializer(serializers.Serializer[Any]):
    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    power_w = serializers.IntegerField()


class CourseSerializer(serializers.Serializer[Any]):
    """Expected charging: an outlook by the cars that are here or booked, and no promise."""

    is_known = serializers.BooleanField(
        help_text="False while nobody balances, with very many cars, or where no connector is planned."
    )
    begins_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Within the next 24 hours.")
    energy_wh = serializers.IntegerField()
    cost_minor = serializers.IntegerField(allow_null=True, help_text="Of this energy; fees come on top.")
    currency = serializers.CharField()
    stretches = StretchSerializer(many=True)


class PlannedSerializer(CourseSerializer):
    session_id = serializers.UUIDField(allow_null=True)
    slot_id = serializers.UUIDField(allow_null=True)


def describe_course(
    course: Course | None, cluster: Cluster, *, driver: Driver, connector: Connector | None
) -> dict[str, Any]:
    """For CourseSerializer. None: nothing can be foreseen."""
    stretches: Sequence[tuple[datetime, datetime, float]] = [
        (stretch.begins_at, stretch.ends_at, stretch.power_w) for stretch in course or ()
    ]
    return {
        "is_known": course is not None,
        "begins_at": course[0].begins_at if course else None,
        "ends_at": course[-1].ends_at if course else None,
        "energy_wh": round(sum(stretch.energy_wh for stretch in course or ())),
        "cost_minor": cost_of_stretches_minor(cluster, stretches, driver=driver, connector=connector),
        "currency": cluster.community.currency,
        "stretches": course or (),
    }


class ChargingPlanView(APIView):
    """When the caller's cars that charge, and those of slots to come, are expected to charge."""

    throttle_classes = (PlanThrottle,)

    @extend_schema(responses=PlannedSerializer(many=True), operation_id="drivers_charging_plan")
    def get(self, request: Request) -> Response:
        found = foresee_of_drivers(drivers_of(request).values(), now=timezone.now())
        body = [
            {
                "session_id": row.session.pk if row.session is not None else None,
                "slot_id": row.slot.pk if row.slot is not None else None,
                **describe_course(row.course, row.cluster, driver=row.driver, connector=row.connector),
            }
            for row in found
        ]
        return Response(PlannedSerializer(body, many=True).data)
