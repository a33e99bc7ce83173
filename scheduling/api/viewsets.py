from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import drivers_of, signed_in
from evbalancer.common.admin.export import stream
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.security.tenancy import IsManager, TenantViewSet, request_access
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor
from grid.models import Cluster
from scheduling.api.serializers import (
    BalanceSerializer,
    ChargingStatusSerializer,
    FairnessSerializer,
    FindingSerializer,
    HabitSerializer,
    HabitVerdictSerializer,
    ObjectionSerializer,
    PeriodSerializer,
    RunSerializer,
    VerdictSerializer,
)
from scheduling.domain.conduct import abuse
from scheduling.domain.learning import habits
from scheduling.domain.learning.fairness import balances_of
from scheduling.domain.views import analytics, charging
from scheduling.models import AbuseFinding, Habit, RebalanceRun

USUAL_PERIOD = timedelta(days=30)
LONGEST_PERIOD = timedelta(days=400)
INDICES = [field.name for field in fields(analytics.Report) if field.name != "lines"]
COLUMNS = ["driver", "sessions", "met", "wanted_wh", "promised_wh", "received_wh", "waited_s", "satisfaction"]


class ChargingStatusView(APIView):
    """The caller's cars now, each with the reason in a sentence, and the slots to come."""

    @extend_schema(responses=ChargingStatusSerializer)
    def get(self, request: Request) -> Response:
        now = timezone.now()
        drivers = [driver.pk for driver in drivers_of(request).values()]
        body = {
            "at": now,
            "charging": charging.of_drivers(drivers, now=now),
            "slots": charging.upcoming_slots(drivers, now=now),
        }
        return Response(ChargingStatusSerializer(body).data)


class RunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What the balancer decided and why it could not do more. For managers."""

    queryset = RebalanceRun.objects.all()
    serializer_class = RunSerializer
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["cluster", "trigger", "safe_plan"]


class FindingViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What a rule found, with its evidence: drivers read theirs, managers decide."""

    queryset = AbuseFinding.objects.select_related("driver__community")
    serializer_class = FindingSerializer
    owner = "driver__user"
    filterset_fields = ["state", "kind", "driver"]

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated(), IsManager()] if self.action == "decide" else [IsAuthenticated()]

    @extend_schema(request=VerdictSerializer, responses=FindingSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: UUID | None = None) -> Response:
        """Make it a strike, or dismiss it."""
        body = VerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        finding = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        decided = abuse.decide_finding(
            finding, by=signed_in(request), now=timezone.now(), **body.validated_data
        )
        return Response(FindingSerializer(decided).data)


class HabitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Learnt habits of drivers: each reads the own, managers those of their communities."""

    queryset = Habit.objects.select_related("driver__community")
    serializer_class = HabitSerializer
    owner = "driver__user"
    filterset_fields = ["driver"]

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated(), IsManager()] if self.action == "decide" else [IsAuthenticated()]

    @extend_schema(request=ObjectionSerializer, responses=HabitSerializer)
    @action(detail=True, methods=["post"], url_path="object")
    def contest(self, request: Request, pk: UUID | None = None) -> Response:
        """The driver says that it is wrong; a manager decides."""
        habit = get_object_or_404(self.get_queryset().filter(driver__user=request.user.pk), pk=pk)
        body = ObjectionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = Actor.of_user(signed_in(request))
        text = body.validated_data["text"]
        contested = habits.object_to(habit.driver, text=text, actor=actor, now=timezone.now())
        return Response(HabitSerializer(contested).data)

    @extend_schema(request=HabitVerdictSerializer, responses=HabitSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: UUID | None = None) -> Response:
        """A manager forgets it or lets it stand, with a reason."""
        habit = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = HabitVerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = Actor.of_user(signed_in(request))
        decided = habits.decide_habit(habit, actor=actor, now=timezone.now(), **body.validated_data)
        return Response(HabitSerializer(decided).data)


class BalanceView(APIView):
    """By how much the caller is short of what is usual where the car charges, and how it is made good."""

    @extend_schema(responses=BalanceSerializer(many=True))
    def get(self, request: Request) -> Response:
        now = timezone.now()
        found = [row for driver in drivers_of(request).values() for row in balances_of(driver, now=now)]
        return Response(BalanceSerializer(found, many=True).data)


class _Fairness(APIView):
    def report(self, request: Request) -> tuple[Cluster, analytics.Report, bool]:
        """The cluster, its report and whether the caller may see names."""
        query = PeriodSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        end = asked["end"] or timezone.now()
        start = asked["start"] or end - USUAL_PERIOD
        if not start < end <= start + LONGEST_PERIOD:
            raise InvalidInput("start", Said("refusal.period_not_valid"))
        access = request_access(request)
        clusters = Cluster.objects.filter(retired_at=None)
        if not access.everywhere:
            clusters = clusters.filter(community_id__in=access.communities)
        if asked["cluster"] is not None:
            clusters = clusters.filter(pk=asked["cluster"])
        found = list(clusters[:2])
        if not found:
            raise NotFound(Said("refusal.no_cluster"))
        if len(found) > 1:
            raise InvalidInput("cluster", Said("refusal.cluster_needed"), code="cluster_needed")
        manages = access.manages(found[0].community_id)
        return found[0], analytics.report_fairness(found[0], start=start, end=end), manages


class FairnessView(_Fairness):
    """How fair a cluster was in a period."""

    @extend_schema(parameters=[PeriodSerializer], responses=FairnessSerializer)
    def get(self, request: Request) -> Response:
        cluster, report, manages = self.report(request)
        own = {driver.pk for driver in drivers_of(request).values()}
        lines = report.lines if manages else [line for line in report.lines if line.driver_id in own]
        body = {
            # Field by field: `asdict` would copy every driver's line first.
            **{name: getattr(report, name) for name in INDICES},
            "cluster_id": cluster.pk,
            "cluster": cluster.name,
            "deciles": analytics.share_deciles([line.satisfaction for line in report.lines]),
            "drivers": lines,
        }
        return Response(FairnessSerializer(body).data)


class FairnessCsvView(_Fairness):
    """The same by driver as CSV, for managers."""

    permission_classes = (IsAuthenticated, IsManager)

    @extend_schema(parameters=[PeriodSerializer], responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        cluster, report, manages = self.report(request)
        if not manages:
            raise NotFound(Said("refusal.no_cluster"))
        return stream(f"fairness-{cluster.pk}", COLUMNS, _cells(report))


def _cells(report: analytics.Report) -> Iterator[list[Any]]:
    for line in report.lines:
        yield [
            line.name,
            line.sessions,
            line.met,
            line.wanted_wh,
            line.promised_wh,
            line.received_wh,
            line.waited_s,
            round(line.satisfaction, 4),
        ]
