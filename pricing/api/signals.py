"""Energy signals: what they say and how fresh they are; tables that managers send, and pushes of machines with a key."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evbalancer.common.clocks.moments import ZonedMomentField
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.common.web.parsing import PlainJSONParser
from evbalancer.common.web.strict import StrictSerializer
from grid.domain import grid_keys
from grid.domain.audit import Actor
from grid.enums import ActorKind, GridKeyPurpose
from pricing.domain import signals
from pricing.enums import SignalQuantity
from pricing.models import EnergySignal, SignalPublication
from pricing.signals.push import PushSource
from pricing.signals.series import LENGTHS, MOST_QUARTERS, QUARTER_S, Unit
from pricing.signals.table import TableSource

UNITS = {SignalQuantity.PRICE: "minor_per_mwh", SignalQuantity.CARBON: "g_per_kwh"}
HOUR_QUARTERS = 4


class EnergySignalSerializer(serializers.ModelSerializer[EnergySignal]):
    community_id = serializers.UUIDField(read_only=True)
    unit = serializers.SerializerMethodField(help_text="Of the values: `minor_per_mwh` or `g_per_kwh`.")
    known_until = serializers.DateTimeField(read_only=True, allow_null=True)
    is_silent = serializers.BooleanField(
        read_only=True, help_text="Nothing is known of the quarter that runs: the fallback price holds."
    )
    age_s = serializers.SerializerMethodField(help_text="Since it said anything; null if it never did.")

    class Meta:
        model = EnergySignal
        fields = [
            "id", "community_id", "name", "quantity", "kind", "area", "unit", "active", "heard_at", "age_s", "known_until",
            "is_silent", "error",
        ]  # fmt: skip
        read_only_fields = fields

    def get_unit(self, signal: EnergySignal) -> str:
        return UNITS[SignalQuantity(signal.quantity)]

    def get_age_s(self, signal: EnergySignal) -> int | None:
        return None if signal.heard_at is None else int((timezone.now() - signal.heard_at).total_seconds())


class ValuesQuerySerializer(serializers.Serializer[Any]):
    hours = serializers.IntegerField(min_value=1, max_value=72, default=24)


class SignalValuesSerializer(serializers.Serializer[Any]):
    """One value a quarter, from the one that runs; null where nothing was said."""

    start = serializers.DateTimeField()
    step_s = serializers.IntegerField()
    unit = serializers.CharField()
    values = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class SignalTableSerializer(StrictSerializer):
    """CSV with the columns start, price_per_mwh, price_per_kwh or carbon_g_per_kwh, and end if you like."""

    csv = serializers.CharField(max_length=500_000, trim_whitespace=False)


class SignalFileSerializer(StrictSerializer):
    """The same table as a file: CSV, or an Excel workbook (.xlsx)."""

    file = serializers.FileField(allow_empty_file=True)


class SignalPushSerializer(StrictSerializer):
    begins_at = ZonedMomentField(help_text="Of the first value.")
    step_s = serializers.ChoiceField(
        choices=[int(length.total_seconds()) for length in LENGTHS], default=QUARTER_S
    )
    unit = serializers.ChoiceField(choices=[unit.value for unit in Unit])
    currency = serializers.CharField(
        max_length=3, required=False, help_text="Checked against the community's."
    )
    values = serializers.ListField(
        child=serializers.DecimalField(max_digits=16, decimal_places=8),
        min_length=1,
        max_length=MOST_QUARTERS,
        help_text="One a step, without a gap.",
    )
    published_at = ZonedMomentField(required=False, help_text="Now, if left out.")


class PublicationSerializer(serializers.ModelSerializer[SignalPublication]):
    class Meta:
        model = SignalPublication
        fields = ["id", "begins_at", "ends_at", "published_at", "received_at", "origin"]
        read_only_fields = fields


class EnergySignalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Prices and carbon intensity of the caller's communities: where they come from and how fresh they are."""

    queryset = EnergySignal.objects.select_related("community")
    serializer_class = EnergySignalSerializer
    shared = True
    filterset_fields = ["quantity", "kind"]

    def get_queryset(self) -> QuerySet[Any]:
        return signals.with_state(super().get_queryset(), now=timezone.now()).order_by("name", "pk")

    @extend_schema(parameters=[ValuesQuerySerializer], responses=SignalValuesSerializer)
    @action(detail=True, pagination_class=None, filterset_fields=[])
    def values(self, request: Request, pk: UUID | None = None) -> Response:
        """What it says from now on."""
        query = ValuesQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        signal, start = self.get_object(), signals.quarter_of(timezone.now())
        count = query.validated_data["hours"] * HOUR_QUARTERS
        body = {
            "start": start,
            "step_s": QUARTER_S,
            "unit": UNITS[SignalQuantity(signal.quantity)],
            "values": signals.values_between(signal, start=start, count=count),
        }
        return Response(SignalValuesSerializer(body).data)

    @extend_schema(
        request={"application/json": SignalTableSerializer, "multipart/form-data": SignalFileSerializer},
        responses={200: PublicationSerializer, 201: PublicationSerializer},
    )
    @action(
        detail=True,
        methods=["post"],
        permission_classes=[IsAuthenticated],
        parser_classes=[PlainJSONParser, MultiPartParser],
        filterset_fields=[],
    )
    def table(self, request: Request, pk: UUID | None = None) -> Response:
        """Take a table of values, all of it or nothing. For managers."""
        signal = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        is_file = str(request.content_type).startswith("multipart/")
        body = (SignalFileSerializer if is_file else SignalTableSerializer)(data=request.data)
        body.is_valid(raise_exception=True)
        field = "file" if is_file else "csv"
        told = body.validated_data[field]
        source = TableSource(told.read() if is_file else told, ZoneInfo(signal.community.time_zone))
        hearing = signals.Hearing(
            f"file {told.name}" if is_file else "table", field, Actor.of_user(request.user), timezone.now()
        )
        return _answer(signals.take_source(signal, source, hearing))


class SignalPush(APIView):
    """Values of a signal, pushed by a machine with a key of the community's for that purpose."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        request=SignalPushSerializer, responses={200: PublicationSerializer, 201: PublicationSerializer}
    )
    def post(self, request: Request, pk: UUID) -> Response:
        key = grid_keys.find_bearer(request.headers.get("Authorization", ""), purpose=GridKeyPurpose.SIGNALS)
        rows = EnergySignal.objects.filter(community_id=key.community_id).select_related("community")
        signal = get_object_or_404(rows, pk=pk)
        body = SignalPushSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        pushed = dict(body.validated_data)
        source = PushSource(**{**pushed, "unit": Unit(pushed["unit"]), "values": tuple(pushed["values"])})
        actor = Actor(ActorKind.SYSTEM, str(key.pk), key.label)
        hearing = signals.Hearing(f"push by {key.label}", "values", actor, timezone.now())
        return _answer(signals.take_source(signal, source, hearing))


def _answer(publication: SignalPublication | None) -> Response:
    """What is new was created; where all of it was known, nothing was, and nothing is wrong."""
    if publication is None:
        return Response({}, status=status.HTTP_200_OK)
    return Response(PublicationSerializer(publication).data, status=status.HTTP_201_CREATED)
