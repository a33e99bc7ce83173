from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chargers.models import Session, SignedMeterValue
from drivers.api.permissions import signed_in
from evbalancer.common.admin.export import stream
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.security.tenancy import IsManager, TenantViewSet, request_access
from evbalancer.common.words.said import Said
from grid.api.idempotency import answer_once
from grid.domain.audit import Actor
from grid.models import Community
from pricing.api.serializers import (
    SAVING_COLUMNS,
    BillLineSerializer,
    SessionSerializer,
    SignedValueSerializer,
    TariffImportSerializer,
    TariffSerializer,
    TariffVersionSerializer,
    WaiveSerializer,
)
from pricing.domain.versions import import_tariff
from pricing.domain.waivers import waive_fee
from pricing.models import BillLine, Tariff
from pricing.rating.ocpi.writing import moment_of

COLUMNS = ["plugged_in", "unplugged", "space", "vehicle", "energy_kwh", "cost", "currency"]
CHUNK = 500
SESSION_COLUMNS = [
    "connector_id", "driver_id", "vehicle_id", "state", "plugged_at", "started_at", "stopped_at", "unplugged_at",
    "stop_reason", "energy_wh", "energy_doubt", "exported_wh", "power_w", "charge_pct", "metered_at", "drawn_at",
]  # fmt: skip


class TariffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Prices of the caller's communities, newest first; the first that has begun is in force."""

    queryset = Tariff.objects.select_related("community").prefetch_related("windows", "versions")
    serializer_class = TariffSerializer
    shared = True

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated(), IsManager()] if self.action == "import_ocpi" else [IsAuthenticated()]

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=True)
    def ocpi(self, request: Request, pk: str | None = None) -> Response:
        """The newest version as a Tariff object of OCPI 2.3.0."""
        tariff = self.get_object()
        version = tariff.versions.order_by("-number").first()
        if version is None:
            raise NotFound(gettext("Nothing was published of this tariff."))
        start = moment_of(version.begins_at)
        updated = moment_of(version.published_at)
        return Response(
            {"id": str(tariff.pk), **version.body, "start_date_time": start, "last_updated": updated}
        )

    @extend_schema(request=TariffImportSerializer, responses={201: TariffVersionSerializer})
    @action(detail=False, methods=["post"], url_path="import")
    def import_ocpi(self, request: Request) -> Response:
        """Publish a Tariff object of OCPI. For managers."""
        body = TariffImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        community = find_community(request, wish["community_id"], managed=True)
        now = timezone.now()

        def act() -> tuple[int, Any]:
            version = import_tariff(
                community,
                wish["tariff"],
                name=wish["name"],
                valid_from=wish["valid_from"] or now,
                is_standing=wish["is_standing"],
                fees=wish.get("fees", {}),
                by=Actor.of_user(request.user),
                now=now,
            )
            return status.HTTP_201_CREATED, TariffVersionSerializer(version).data

        return answer_once(request, route="tariffs.import", act=act)


class BillLineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What was charged for: own lines, for managers those of their communities."""

    queryset = BillLine.objects.select_related("waiver", "community")
    serializer_class = BillLineSerializer
    owner = "driver__user"
    filterset_fields = {"session": ["exact", "isnull"], "driver": ["exact"], "kind": ["exact"]}

    @extend_schema(request=WaiveSerializer, responses={201: BillLineSerializer})
    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated, IsManager])
    def waive(self, request: Request, pk: str | None = None) -> Response:
        """Ask nothing for a fee or surcharge. One on an issued statement is given back by a credit note."""
        line = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = WaiveSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        waive_fee(line, actor=Actor.of_user(signed_in(request)), now=timezone.now(), **body.validated_data)
        row = self.get_queryset().get(pk=line.pk)
        return Response(BillLineSerializer(row).data, status=status.HTTP_201_CREATED)


class SessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Stays on connectors with their energy and what they cost: own ones, for managers all."""

    # Only the columns of the answer: a connector and its charger have fifty more, for each row of the page.
    queryset = (
        Session.objects.select_related("connector__charge_point", "load_profile")
        .prefetch_related("bill_lines__waiver")
        .annotate(has_signed_values=Exists(SignedMeterValue.objects.filter(session=OuterRef("pk"))))
        .only(
            *SESSION_COLUMNS,
            "connector__number",
            "connector__charge_point__name",
            "connector__charge_point__identity",
            *(f"load_profile__{name}" for name in SAVING_COLUMNS),
        )
    )
    serializer_class = SessionSerializer
    owner = "driver__user"
    filterset_fields = ["state", "connector", "driver", "vehicle"]

    @extend_schema(responses=SignedValueSerializer(many=True))
    @action(
        detail=True, url_path="signed-values", serializer_class=SignedValueSerializer, filterset_fields=[]
    )
    def signed_values(self, request: Request, pk: str | None = None) -> Response:
        """What the meter signed (OCMF and others), exactly as the charge point sent it, oldest first."""
        page = self.paginate_queryset(
            self.get_object()
            .signed_values.select_related("session__connector")
            .order_by("measured_at", "received_at", "pk")
        )
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class SessionCsvView(APIView):
    """The caller's own stays as CSV, newest first."""

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        own = Session.objects.filter(
            driver__user=request.user.pk, community_id__in=request_access(request).communities
        )
        # Named here: an aggregate drops the order that the model has.
        rows = own.select_related("connector__charge_point", "vehicle", "community").order_by(
            "-plugged_at", "pk"
        )
        return stream("charging", COLUMNS, _cells(rows.annotate(cost_minor=Sum("bill_lines__amount_minor"))))


def _cells(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    for session in rows.iterator(CHUNK):
        yield [
            _local(session.plugged_at, session.community),
            _local(session.unplugged_at, session.community),
            str(session.connector),
            session.vehicle.name if session.vehicle is not None else "",
            session.energy_wh / 1000,
            session.cost_minor / 100 if session.cost_minor is not None else "",
            session.community.currency,
        ]


def _local(moment: datetime | None, community: Community) -> str:
    """On the community's clock, as its pages show it."""
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(community.time_zone)).isoformat(timespec="seconds")


def find_community(request: Request, asked: Any, *, managed: bool = False) -> Community:
    """The one that is asked for, or the only one that the caller is in, or manages."""
    access = request_access(request)
    rows = Community.objects.filter(retired_at=None)
    if not access.everywhere:
        rows = rows.filter(pk__in=access.managed if managed else access.communities)
    if asked is not None:
        rows = rows.filter(pk=asked)
    found = list(rows[:2])
    if not found:
        raise NotFound(Said("refusal.no_community"))
    if len(found) > 1:
        raise InvalidInput(
            "community",
            gettext("You have several communities: `community` is required."),
            code="community_needed",
        )
    return found[0]
