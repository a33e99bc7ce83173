from django.urls import path

from drivers.api.viewsets import (
    DriverViewSet,
    NotificationViewSet,
    StrikeViewSet,
    TokenRefreshView,
    TokenView,
)
from evbalancer.common.api import ApiRouter

router = ApiRouter()
router.register("drivers/notifications", NotificationViewSet)
router.register("drivers/strikes", StrikeViewSet)
router.register("drivers", DriverViewSet)

token_urls = [
    path("auth/token", TokenView.as_view(), name="token"),
    path("auth/token/refresh", TokenRefreshView.as_view(), name="token-refresh"),
]
