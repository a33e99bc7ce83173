"""A driver's own cards: named, and blocked at once when one is lost."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.domain.cards import name_card, report_lost
from drivers.domain.drivers import mask_token
from drivers.enums import IdTagKind
from drivers.models import IdTag
from drivers.models.driver import CARD_NAME
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.common.web.strict import NoBodySerializer, StrictSerializer
from grid.domain.audit import Actor


class CardSerializer(serializers.ModelSerializer[IdTag]):
    driver_id = serializers.UUIDField(read_only=True)
    card = serializers.SerializerMethodField(help_text="The end of its number.")

    class Meta:
        model = IdTag
        fields = ["id", "driver_id", "card", "kind", "name", "blocked_at", "expires_at", "created_at"]
        read_only_fields = fields

    def get_card(self, card: IdTag) -> str:
        return mask_token(card.token)


class CardNameSerializer(StrictSerializer):
    name = serializers.CharField(**CARD_NAME.options, allow_blank=True)


class CardViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The caller's cards, without the token of the app. Managers don't read here whose card is whose: `GET /drivers` tells."""

    queryset = IdTag.objects.exclude(kind=IdTagKind.APP).order_by("created_at", "pk")
    serializer_class = CardSerializer
    filterset_fields = ["driver"]

    def visible(self, rows: Any) -> Any:
        return rows.filter(driver__user=self.request.user.pk, community__in=self.access.communities)

    @extend_schema(request=CardNameSerializer, responses=CardSerializer)
    def partial_update(self, request: Request, pk: Any = None) -> Response:
        """Name it as you like; empty for no name."""
        card = self.get_object()
        body = CardNameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        name_card(card, body.validated_data["name"], actor=Actor.of_user(request.user), now=timezone.now())
        return Response(self.get_serializer(card).data)

    @extend_schema(request=NoBodySerializer, responses=CardSerializer)
    @action(detail=True, methods=["post"])
    def lost(self, request: Request, pk: Any = None) -> Response:
        """It is blocked at once. A manager can let it in again."""
        NoBodySerializer(data=request.data).is_valid(raise_exception=True)
        card = self.get_object()
        report_lost(card, actor=Actor.of_user(request.user), now=timezone.now())
        return Response(self.get_serializer(card).data)
