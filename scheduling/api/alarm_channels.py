"""The caller's own channels for alarms. Nobody else sees them."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import signed_in
from drivers.api.push import BrowserSerializer, keep_browser, target_in
from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.languages import LanguageField
from evbalancer.common.web.strict import StrictSerializer
from scheduling.domain.alarms import channels
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import AlarmChannel
from scheduling.models.alarm import DAY_MIN


class ChannelSerializer(serializers.ModelSerializer[AlarmChannel]):
    class Meta:
        model = AlarmChannel
        fields = [
            "id", "kind", "host", "kinds", "quiet_from_min", "quiet_until_min", "language", "is_active", "failures",
            "disabled_at", "sent_at", "outcome", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class WishesSerializer(StrictSerializer):
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=AlarmKind.choices),
        required=False,
        default=list,
        help_text="Empty for all.",
    )
    quiet_from_min = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=DAY_MIN - 1
    )
    quiet_until_min = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=DAY_MIN - 1
    )
    language = LanguageField(required=False, allow_blank=True, default="")
    is_active = serializers.BooleanField(required=False, default=True)


class ChannelWriteSerializer(WishesSerializer):
    kind = serializers.ChoiceField(choices=ChannelKind.choices)
    address = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of a webhook; of an ntfy topic; or a Matrix homeserver with the room behind `#`.",
    )
    token = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Access token of ntfy or Matrix.",
    )
    subscription = BrowserSerializer(
        required=False, allow_null=True, default=None, help_text="Of web push: PushSubscription.toJSON()."
    )


class ChannelMadeSerializer(ChannelSerializer):
    """With the secret that signs a webhook's messages, which is seen only now."""

    secret = serializers.CharField(read_only=True)

    class Meta(ChannelSerializer.Meta):
        fields = [*ChannelSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class TrialSerializer(serializers.Serializer[Any]):
    is_taken = serializers.BooleanField()
    outcome = serializers.CharField()


class AlarmChannelViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Mail, signed webhooks (Standard Webhooks), ntfy, Matrix and web push. Managers and operators have them, drivers or not."""

    queryset = AlarmChannel.objects.select_related("user")
    serializer_class = ChannelSerializer
    permission_classes = (IsAuthenticated, IsManager)

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(user=self.request.user.pk)

    @extend_schema(request=ChannelWriteSerializer, responses={201: ChannelMadeSerializer})
    def create(self, request: Request) -> Response:
        body = ChannelWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        where = {name: asked.pop(name) for name in ("kind", "address", "token")}
        browser = asked.pop("subscription")
        if browser is not None and where["kind"] == ChannelKind.PUSH:
            where["browser"] = keep_browser(request, target_in(browser))
        channel, secret = channels.add_channel(
            signed_in(request), wishes=channels.Wishes(**asked), now=timezone.now(), **where
        )
        return Response({**ChannelSerializer(channel).data, "secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(request=WishesSerializer, responses=ChannelSerializer)
    def update(self, request: Request, pk: Any = None) -> Response:
        """Replace the wishes; the address stays."""
        channel = self.get_object()
        body = WishesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = channels.change_channel(
            channel, wishes=channels.Wishes(**body.validated_data), now=timezone.now()
        )
        return Response(ChannelSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any = None) -> Response:
        channels.remove_channel(self.get_object(), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=TrialSerializer)
    @action(detail=True, methods=["post"], url_path="test")
    def trial(self, request: Request, pk: Any = None) -> Response:
        """Send a test now, and say what became of it."""
        answer = channels.try_channel(self.get_object(), now=timezone.now())
        return Response({"is_taken": answer.is_taken, "outcome": answer.outcome})
