from django.urls import path

from drivers.api.accounts import AcceptInvitationView, InvitationViewSet, JoinView
from drivers.api.cards import CardViewSet
from drivers.api.flats import FlatViewSet
from drivers.api.groups import DriverGroupViewSet
from drivers.api.push import PushSubscriptionViewSet
from drivers.api.telling import PreferenceView, WebhookViewSet
from drivers.api.viewsets import (
    DriverViewSet,
    NotificationViewSet,
    StrikeViewSet,
    TokenRefreshView,
    TokenView,
)
from evbalancer.common.web.api import ApiRouter

router = ApiRouter()
router.register("drivers/cards", CardViewSet)
router.register("drivers/flats", FlatViewSet)
router.register("drivers/groups", DriverGroupViewSet)
router.register("drivers/invitations", InvitationViewSet)
router.register("drivers/push", PushSubscriptionViewSet)
router.register("drivers/webhooks", WebhookViewSet)
router.register("drivers/notifications", NotificationViewSet)
router.register("drivers/strikes", StrikeViewSet)
router.register("drivers", DriverViewSet)

token_urls = [
    path("auth/invitation", AcceptInvitationView.as_view(), name="invitation"),
    path("auth/invitation/join", JoinView.as_view(), name="invitation-join"),
    path("drivers/preferences", PreferenceView.as_view(), name="preferences"),
    path("auth/token", TokenView.as_view(), name="token"),
    path("auth/token/refresh", TokenRefreshView.as_view(), name="token-refresh"),
]
