"""What a kWh costs from now on, and in which parts where the price follows the market."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chargers.models import Connector
from drivers.api.permissions import drivers_of
from drivers.models import Driver
from evbalancer.common.errors import NotFound
from evbalancer.common.security.tenancy import request_access
from evbalancer.common.words.said import Said
from grid.models import Cluster, Community
from pricing.api.viewsets import find_community
from pricing.domain import curves, signals, tariffs
from pricing.domain.choice import Choice, PersonalPrices, choose_price
from pricing.domain.statements.monthly import free_left_wh
from pricing.domain.versions import rater_of
from pricing.enums import PriceBasis
from pricing.models.fees import FEES, fees_of
from pricing.phrases import driver_sentences, sentences_of
from pricing.signals.series import QUARTER, QUARTER_S

HOUR_QUARTERS = 4


class PricesQuerySerializer(serializers.Serializer[Any]):
    community = serializers.UUIDField(required=False, allow_null=True, default=None)
    cluster = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Needed where a community has several."
    )
    connector = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Where the caller would charge; it names its cluster.",
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


class AppliedTariffSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="version.tariff_id")
    name = serializers.CharField(source="version.tariff.name")
    version_id = serializers.UUIDField(source="version.pk")
    number = serializers.IntegerField(source="version.number")
    sentences = serializers.SerializerMethodField(help_text="Its prices, in the reader's language.")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_sentences(self, choice: Choice) -> list[str]:
        assert choice.version is not None  # noqa: S101 (the view asks for it only then)
        return sentences_of(rater_of(choice.version, time_zone=choice.version.community.time_zone).tariff)


class PricesSerializer(serializers.Serializer[Any]):
    """One price a step, from the quarter hour that has begun; none without a tariff.

    What a session of the caller would pay that begins now, at the connector if one is named. `basis` says why. `parts` is null where the tariff counts, and an entry of it where nothing is published yet.
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
    basis = serializers.ChoiceField(choices=PriceBasis.choices)
    tariff = AppliedTariffSerializer(
        allow_null=True, help_text="It counts too where no price of the market is published."
    )
    fees = serializers.ListField(
        child=serializers.CharField(),
        help_text="What the caller pays beside it: fees, the month's share and free energy. In the reader's language.",
    )
    free_left_wh = serializers.IntegerField(
        allow_null=True, help_text="Of the caller's free energy of this month; null where none is free."
    )


class PricesView(APIView):
    """What a kWh costs from now on, quarter by quarter."""

    @extend_schema(parameters=[PricesQuerySerializer], responses=PricesSerializer)
    def get(self, request: Request) -> Response:
        query = PricesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, timezone.now()
        community, cluster, connector = _place(request, asked)
        driver = drivers_of(request).get(community.pk)
        start, count = signals.quarter_of(now), asked["hours"] * HOUR_QUARTERS
        choice = choose_price(community, at=now, driver=driver, connector=connector, cluster=cluster)
        publication = None
        if cluster is not None:
            if choice.follows_market:
                publication = curves.publication_in_force(cluster, now=now)
            prices = curves.prices_ahead(
                cluster, start=start, count=count, driver=driver, connector=connector, at=now
            )
        else:
            prices = tariffs.prices_per_mwh(choice.version, start=start, step=QUARTER, count=count)
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
            "basis": choice.basis,
            "tariff": choice if choice.version is not None else None,
            **_beside(community, driver, choice, now=now),
        }
        return Response(PricesSerializer(body).data)


def _beside(community: Community, driver: Driver | None, choice: Choice, *, now: datetime) -> dict[str, Any]:
    """The fees of the driver's tariff here; share and free energy of the one that the driver has wherever the car is."""
    left_wh = free_left_wh(driver, now=now) if driver is not None else None
    fees = fees_of(choice.version) if choice.version is not None else dict.fromkeys(FEES, 0)
    own = PersonalPrices(community, begin=now, end=now + QUARTER).version(driver, at=now)
    for name in ("monthly_share_minor", "free_wh_per_month"):
        fees[name] = getattr(own, name) if own is not None else 0
    told = driver_sentences(
        fees, community.currency, grace_min=community.overstay_grace_min, free_left_wh=left_wh
    )
    return {"fees": told, "free_left_wh": left_wh}


def _place(request: Request, asked: dict[str, Any]) -> tuple[Community, Cluster | None, Connector | None]:
    """The community, of its clusters the one that is asked for or the only one, and the connector if one is named."""
    if asked["connector"] is not None:
        connector = get_object_or_404(
            _visible(request, Connector.objects.filter(retired_at=None), asked).select_related(
                "charge_point__cluster__community"
            ),
            pk=asked["connector"],
        )
        cluster = connector.charge_point.cluster
        if asked["cluster"] not in {None, cluster.pk}:
            raise NotFound(Said("refusal.no_connector"))
        return cluster.community, cluster, connector
    rows = Cluster.objects.filter(retired_at=None, community__retired_at=None).select_related("community")
    if asked["cluster"] is not None:
        cluster = get_object_or_404(_visible(request, rows, asked), pk=asked["cluster"])
        return cluster.community, cluster, None
    community = find_community(request, asked["community"])
    own = list(rows.filter(community=community)[:2])
    return community, own[0] if len(own) == 1 else None, None


def _visible(request: Request, rows: Any, asked: dict[str, Any]) -> Any:
    """Those of the caller's communities, and of the one that is asked for."""
    access = request_access(request)
    if not access.everywhere:
        rows = rows.filter(community__in=access.communities)
    return rows if asked["community"] is None else rows.filter(community=asked["community"])
