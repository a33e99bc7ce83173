"""What a cluster's slack is used for, by season, and what each choice would have cost. For managers."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.security.tenancy import IsManager, request_access
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import REASON_FOR_TRAIL
from grid.domain.audit import Actor
from grid.models import Cluster
from scheduling.domain.learning import aims
from scheduling.enums import ClusterAim
from scheduling.models import AimSeason, AimTrial
from scheduling.solver.problem import Aim

AIMS = [(aim.value, aim.name) for aim in Aim]


class SeasonSerializer(StrictSerializer):
    aim = serializers.ChoiceField(choices=ClusterAim.choices)
    first_month = serializers.IntegerField(min_value=1, max_value=12, default=1)
    last_month = serializers.IntegerField(
        min_value=1, max_value=12, default=12, help_text="Included. 11 to 3 is over the turn of the year."
    )


class AimsBodySerializer(StrictSerializer):
    seasons = SeasonSerializer(many=True, help_text="None: nothing is done with slack.")
    reason = serializers.CharField(**REASON_FOR_TRAIL.options)


class OutcomeSerializer(serializers.Serializer[Any]):
    aim = serializers.ChoiceField(choices=AIMS)
    energy = serializers.FloatField(help_text="Share of what all cars wanted.")
    worst = serializers.FloatField(help_text="Share of it that the worst twentieth of the cars had.")
    cost_minor = serializers.IntegerField(allow_null=True)
    peak_w = serializers.IntegerField(help_text="The highest power of the cars.")
    carbon_g = serializers.IntegerField(allow_null=True)


class AimsSerializer(serializers.Serializer[Any]):
    """`outcomes` has the aims that could be played on the last days with cars."""

    aim_now = serializers.ChoiceField(choices=AIMS)
    seasons = SeasonSerializer(many=True)
    measured_at = serializers.DateTimeField(allow_null=True)
    days = serializers.IntegerField()
    cars = serializers.IntegerField()
    currency = serializers.CharField()
    outcomes = OutcomeSerializer(many=True)


class AimsView(APIView):
    """The aims of one cluster."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(responses=AimsSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 (the address's own name)
        return Response(_shown(_managed(request, id)))

    @extend_schema(request=AimsBodySerializer, responses=AimsSerializer)
    def put(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Choose what slack is used for; these replace the earlier ones."""
        cluster = _managed(request, id)
        body = AimsBodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        aims.choose_aims(
            cluster,
            [aims.Season(**season) for season in wish["seasons"]],
            actor=Actor.of_user(request.user),
            reason=wish["reason"],
            now=timezone.now(),
        )
        return Response(_shown(cluster))


def _managed(request: Request, pk: UUID) -> Cluster:
    access = request_access(request)
    rows = Cluster.objects.filter(retired_at=None).select_related("community")
    if not access.everywhere:
        rows = rows.filter(community__in=access.managed)
    cluster: Cluster = get_object_or_404(rows, pk=pk)
    return cluster


def _shown(cluster: Cluster) -> Any:
    trial = AimTrial.objects.filter(cluster=cluster).first()
    outcomes = trial.outcomes if trial is not None else {}
    body = {
        "aim_now": aims.aim_at(cluster, at=timezone.now()).value,
        "seasons": AimSeason.objects.filter(cluster=cluster),
        "measured_at": trial.measured_at if trial is not None else None,
        "days": trial.days if trial is not None else 0,
        "cars": trial.cars if trial is not None else 0,
        "currency": cluster.community.currency,
        "outcomes": [{"aim": name, **found} for name, found in outcomes.items()],
    }
    return AimsSerializer(body).data
