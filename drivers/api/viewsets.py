from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework_simplejwt.views import TokenViewBase

from drivers.api.serializers import (
    DriverSerializer,
    NotificationSerializer,
    StrikeSerializer,
    TokenPairSerializer,
    TokenRotateSerializer,
)
from drivers.domain import notifications
from drivers.models import Driver, Notification, Strike
from evbalancer.common.tenancy import TenantViewSet


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

    queryset = Driver.objects.select_related("community").prefetch_related("id_tags")
    serializer_class = DriverSerializer
    owner = "user"
    filterset_fields = ["community_id"]


class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What the caller was told. A manager does not read other people's."""

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
    queryset = Strike.objects.all()
    serializer_class = StrikeSerializer
    owner = "driver__user"
