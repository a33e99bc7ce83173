from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework_simplejwt.views import TokenViewBase

from drivers.api.permissions import signed_in
from drivers.api.serializers import (
    AppealSerializer,
    AppealVerdictSerializer,
    DriverSerializer,
    NotificationSerializer,
    StrikeSerializer,
    TokenPairSerializer,
    TokenRotateSerializer,
)
from drivers.domain import notifications, standing
from drivers.models import Driver, Notification, Strike
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from grid.domain.audit import Actor


class TokenView(TokenViewBase):
    """Sign in: an access token for the next minutes and a refresh token for the next pair."""

    serializer_class = TokenPairSerializer
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "token"


class TokenRefreshView(TokenViewBase):
    """The next pair of tokens. Each refresh token works once; a second use signs every session out."""

    serializer_class = TokenRotateSerializer
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "token"


class DriverViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Managers: the drivers of their communities. Drivers: themselves."""

    queryset = Driver.objects.select_related("community", "flat").prefetch_related("id_tags")
    serializer_class = DriverSerializer
    owner = "user"
    filterset_fields = ["community_id"]


class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The caller's notifications. A manager does not read other people's."""

    queryset = Notification.objects.all()
    serializer_class = NotificationSerializer
    filterset_fields = ["kind"]

    def visible(self, rows: Any) -> Any:
        return rows.filter(driver__user=self.request.user.pk)

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str | None = None) -> Response:
        notification = self.get_object()
        notifications.mark_read(notification, now=timezone.now())
        return Response(self.get_serializer(notification).data)


class StrikeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What counts against a driver, with its evidence, until it lapses or an appeal lifts it."""

    queryset = Strike.objects.select_related("driver__community")
    serializer_class = StrikeSerializer
    owner = "driver__user"
    filterset_fields = ["driver"]

    def get_permissions(self) -> list[Any]:
        return [IsAuthenticated(), IsManager()] if self.action == "decide" else [IsAuthenticated()]

    @extend_schema(request=AppealSerializer, responses=StrikeSerializer)
    @action(detail=True, methods=["post"])
    def appeal(self, request: Request, pk: Any = None) -> Response:
        """The driver's own word against it, once."""
        strike = get_object_or_404(self.get_queryset().filter(driver__user=request.user.pk), pk=pk)
        body = AppealSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = Actor.of_user(signed_in(request))
        standing.appeal_strike(strike, text=body.validated_data["text"], actor=actor, now=timezone.now())
        return Response(StrikeSerializer(strike).data)

    @extend_schema(request=AppealVerdictSerializer, responses=StrikeSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: Any = None) -> Response:
        """A manager lifts it or lets it stand, with a reason."""
        strike = get_object_or_404(self.managed(self.get_queryset()), pk=pk)
        body = AppealVerdictSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        actor = Actor.of_user(signed_in(request))
        standing.decide_appeal(strike, actor=actor, now=timezone.now(), **body.validated_data)
        return Response(StrikeSerializer(strike).data)
