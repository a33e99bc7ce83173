"""The caller's browsers that show notifications. Nobody else sees them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import drivers_of
from drivers.domain.channels import browsers
from drivers.errors import NotADriver
from drivers.models import PushSubscription, User
from evbalancer.common.security import push
from evbalancer.common.security.tenancy import TenantViewSet
from evbalancer.common.web.strict import StrictSerializer
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell


class PushKeysSerializer(StrictSerializer):
    """In base64url, as PushSubscription.toJSON() has them."""

    p256dh = serializers.CharField(max_length=100)
    auth = serializers.CharField(max_length=40)


class BrowserSerializer(StrictSerializer):
    """As PushSubscription.toJSON() has it."""

    endpoint = serializers.CharField(max_length=1000)
    keys = PushKeysSerializer()


def target_in(browser: Mapping[str, Any]) -> push.Target:
    """Of a BrowserSerializer's clean data."""
    return push.Target(browser["endpoint"], **browser["keys"])


class PushSubscriptionSerializer(serializers.ModelSerializer[PushSubscription]):
    class Meta:
        model = PushSubscription
        fields = ["id", "digest", "device", "host", "is_for_news", "sent_at", "outcome", "created_at"]
        read_only_fields = fields


class PushTrialSerializer(serializers.Serializer[Any]):
    is_taken = serializers.BooleanField()
    outcome = serializers.CharField()


def keep_browser(
    request: Request | HttpRequest, target: push.Target, *, for_news: bool = False
) -> PushSubscription:
    """The browser that asks. Raises InvalidInput and UnsafeAddress."""
    assert isinstance(request.user, User)  # noqa: S101 (both have let somebody in)
    return browsers.keep_subscription(
        request.user,
        target,
        device=request.headers.get("User-Agent", ""),
        session_key=str(request.session.session_key or ""),
        for_news=for_news,
        now=timezone.now(),
    )


class PushSubscriptionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """The caller's browsers. `digest` is the SHA-256 of a browser's endpoint, by which it finds itself."""

    queryset = PushSubscription.objects.all()
    serializer_class = PushSubscriptionSerializer

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(user=self.request.user.pk)

    @extend_schema(request=BrowserSerializer, responses={201: PushSubscriptionSerializer})
    def create(self, request: Request) -> Response:
        """Show the caller's notifications in this browser. Asking again renews its keys."""
        if not drivers_of(request):
            raise NotADriver(Said("refusal.only_driver"))
        body = BrowserSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = keep_browser(request, target_in(body.validated_data), for_news=True)
        return Response(PushSubscriptionSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any = None) -> Response:
        """No notifications there any more."""
        browsers.end_news(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=PushTrialSerializer)
    @action(detail=True, methods=["post"], url_path="test")
    def trial(self, request: Request, pk: Any = None) -> Response:
        """Send a test now, and say what became of it."""
        text = tell(Said("push.trial"))
        answer = browsers.send_trial(self.get_object(), text=text, now=timezone.now())
        return Response({"is_taken": answer.is_taken, "outcome": answer.outcome})
