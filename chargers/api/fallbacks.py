"""What the fallbacks of a cluster need and cost, and choosing several at once. For managers."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chargers.domain.limits import commissioning, fallbacks
from chargers.models import Connector
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security.tenancy import IsManager, request_access
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.inputs import MILLIAMPS, REASON_FOR_TRAIL
from grid.domain.audit import Actor
from grid.models import Cluster

MOST_CONNECTORS = 2_000


class NeedSerializer(serializers.Serializer[Any]):
    circuit_id = serializers.UUIDField(source="circuit.pk")
    circuit = serializers.CharField(source="circuit.name")
    phase = serializers.SerializerMethodField(help_text="1 to 3.")
    fallbacks_ma = serializers.IntegerField()
    room_ma = serializers.IntegerField(
        help_text="The room that the building's maximum and the margin leave for them."
    )
    missing_ma = serializers.IntegerField()

    def get_phase(self, need: Any) -> int:
        return int(need.phase) + 1


class OutlookSerializer(serializers.Serializer[Any]):
    choice = serializers.ChoiceField([each.value for each in fallbacks.Choice])
    fits = serializers.BooleanField()
    charge_on = serializers.IntegerField(
        help_text="Connectors whose car goes on charging while the server is away."
    )
    idle_w = serializers.IntegerField(help_text="Reserved while every charger is reached and idle.")
    unreachable_w = serializers.IntegerField(help_text="Reserved once no charger can be reached.")
    needs = NeedSerializer(many=True)


class OverviewSerializer(serializers.Serializer[Any]):
    usable_w = serializers.IntegerField(
        help_text="At the grid connection, beside the building's maximum and the margin."
    )
    connectors = serializers.IntegerField()
    unconfirmed = serializers.IntegerField(
        help_text="Connectors without a confirmed fallback: reserved at their nameplate."
    )
    unconfirmed_w = serializers.IntegerField()
    outlooks = OutlookSerializer(many=True)


class ChoiceSerializer(StrictSerializer):
    """Either one current for all, or each connector's least."""

    fallback_ma = serializers.IntegerField(**MILLIAMPS.options, required=False)
    least = serializers.BooleanField(required=False, default=False)
    connector_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=MOST_CONNECTORS,
        help_text="All of the cluster if left out.",
    )
    reason = serializers.CharField(**REASON_FOR_TRAIL.options, required=False, default="", allow_blank=True)


class FallbacksView(APIView):
    """For no fallback, the least, and the present choice: what each circuit and phase needs, lacks, and what is reserved."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(responses=OverviewSerializer)
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002 (the address's word)
        return Response(OverviewSerializer(fallbacks.read_overview(_managed(request, id))).data)

    @extend_schema(request=ChoiceSerializer, responses=OverviewSerializer)
    def put(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Choose for several connectors at once, all or none. A choice that would not fit is refused with the missing amperes."""
        cluster = _managed(request, id)
        body = ChoiceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if given["least"] == ("fallback_ma" in given):
            raise InvalidInput("fallback_ma", gettext("Give either a current or least."))
        fallbacks.choose_fallbacks(
            cluster,
            to_ma={
                each.pk: given.get("fallback_ma", each.min_current_ma) for each in _chosen(cluster, given)
            },
            actor=Actor.of_user(request.user),
            now=timezone.now(),
            reason=given["reason"],
        )
        return Response(OverviewSerializer(fallbacks.read_overview(cluster)).data)


def _managed(request: Request, pk: UUID) -> Cluster:
    access = request_access(request)
    clusters = Cluster.objects.filter(retired_at=None)
    if not access.everywhere:
        clusters = clusters.filter(community_id__in=access.managed)
    return get_object_or_404(clusters, pk=pk)


def _chosen(cluster: Cluster, given: Any) -> list[Connector]:
    rows = commissioning.in_use(cluster)
    if "connector_ids" not in given:
        return list(rows)
    wanted = set(given["connector_ids"])
    found = list(rows.filter(pk__in=wanted))
    if len(found) < len(wanted):
        raise InvalidInput("connector_ids", gettext("Some of these are no connectors of the cluster."))
    return found
