"""What a kWh costs from now on, and in which parts where the price follows the market."""

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.security.tenancy import request_access
from grid.models import Cluster, Community
from pricing.api.viewsets import find_community
from pricing.domain import curves, signals, tariffs
from pricing.signals.series import QUARTER, QUARTER_S

HOUR_QUARTERS = 4


class PricesQuerySerializer(serializers.Serializer[Any]):
    community = serializers.UUIDField(required=False, allow_null=True, default=None)
    cluster = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Needed where a community has several."
    )
    hours = serializers.IntegerField(min_value=1, max_value=48, default=24)


class PriceStepSerializer(serializers.Serializer[Any]):
    """A price in parts, which add up to it, in minor units per MWh."""

    market = serializers.IntegerField()
    grid = serializers.IntegerField()
    levies = serializers.IntegerField()
    scarcity = serializers.IntegerField()
    carbon = serializers.IntegerField()
    tax = serializers.IntegerField()
    limit = serializers.IntegerField(help_text="What floor or ceiling added or took away.")
    is_fallback = serializers.BooleanField(help_text="The market is not known: its fallback price counts.")


class PricesSerializer(serializers.Serializer[Any]):
    """One price a step, from the quarter hour that has begun; none without a tariff.

    `parts` is null where the tariff counts, and an entry of it where nothing is published yet.
    """

    community_id = serializers.UUIDField()
    cluster_id = serializers.UUIDField(allow_null=True)
    currency = serializers.CharField()
    time_zone = serializers.CharField()
    start = serializers.DateTimeField()
    step_s = serializers.IntegerField()
    per_mwh_minor = serializers.ListField(child=serializers.IntegerField())
    publication_id = serializers.UUIDField(
        allow_null=True, help_text="The newest one: a slot that is booked now never pays more than it says."
    )
    published_at = serializers.DateTimeField(allow_null=True)
    parts = serializers.ListField(child=PriceStepSerializer(allow_null=True), allow_null=True)


class PricesView(APIView):
    """What a kWh costs from now on, quarter by quarter."""

    @extend_schema(parameters=[PricesQuerySerializer], responses=PricesSerializer)
    def get(self, request: Request) -> Response:
        query = PricesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, timezone.now()
        community, cluster = _place(request, asked)
        start, count = signals.quarter_of(now), asked["hours"] * HOUR_QUARTERS
        publication = curves.publication_in_force(cluster, now=now) if cluster is not None else None
        if cluster is not None:
            prices = curves.prices_ahead(cluster, start=start, count=count)
        else:
            prices = tariffs.prices_per_mwh(community, start=start, step=QUARTER, count=count)
        parts = None
        if publication is not None:
            steps = curves.published_steps(publication.cluster_id, start=start, count=count)
            parts = [None if step is None else asdict(step) for step in steps]
        body = {
            "community_id": community.pk,
            "cluster_id": cluster.pk if cluster is not None else None,
            "currency": community.currency,
            "time_zone": community.time_zone,
            "start": start,
            "step_s": QUARTER_S,
            "per_mwh_minor": prices,
            "publication_id": publication.pk if publication is not None else None,
            "published_at": publication.published_at if publication is not None else None,
            "parts": parts,
        }
        return Response(PricesSerializer(body).data)


def _place(request: Request, asked: dict[str, Any]) -> tuple[Community, Cluster | None]:
    """The community, and of its clusters the one that is asked for, or the only one."""
    rows = Cluster.objects.filter(retired_at=None, community__retired_at=None).select_related("community")
    if asked["cluster"] is not None:
        access = request_access(request)
        if not access.everywhere:
            rows = rows.filter(community__in=access.communities)
        if asked["community"] is not None:
            rows = rows.filter(community=asked["community"])
        cluster: Cluster = get_object_or_404(rows, pk=asked["cluster"])
        return cluster.community, cluster
    community = find_community(request, asked["community"])
    own = list(rows.filter(community=community)[:2])
    return community, own[0] if len(own) == 1 else None
