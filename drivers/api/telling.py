"""Which notifications the caller wants, how, and when not."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import CommunityQuerySerializer, asked_driver
from drivers.api.serializers import (
    PreferenceSerializer,
    WebhookMadeSerializer,
    WebhookSerializer,
    WebhookWriteSerializer,
)
from drivers.domain import notifications, webhooks
from drivers.models import Preference, Webhook
from evbalancer.common.security.tenancy import TenantViewSet


class PreferenceView(APIView):
    """Which kinds come by mail, quiet hours on the community's clock, and how `/my` meets the driver."""

    @extend_schema(parameters=[CommunityQuerySerializer], responses=PreferenceSerializer)
    def get(self, request: Request) -> Response:
        driver = asked_driver(request)
        found = Preference.objects.filter(driver=driver).first() or Preference(driver=driver)
        return Response(PreferenceSerializer(found).data)

    @extend_schema(
        parameters=[CommunityQuerySerializer], request=PreferenceSerializer, responses=PreferenceSerializer
    )
    def put(self, request: Request) -> Response:
        body = PreferenceSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        preference = notifications.set_preferences(asked_driver(request), **body.validated_data)
        return Response(PreferenceSerializer(preference).data)


class WebhookViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The caller's own addresses, told by signed messages (Standard Webhooks). Nobody else sees them."""

    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(driver__user=self.request.user.pk)

    @extend_schema(
        parameters=[CommunityQuerySerializer],
        request=WebhookWriteSerializer,
        responses={201: WebhookMadeSerializer},
    )
    def create(self, request: Request) -> Response:
        body = WebhookWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        driver = asked_driver(request)
        webhook, secret = webhooks.register_webhook(driver, now=timezone.now(), **body.validated_data)
        return Response({**WebhookSerializer(webhook).data, "secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any = None) -> Response:
        self.get_object().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)
