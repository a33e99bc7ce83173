from django.urls import path
from rest_framework.routers import SimpleRouter

from drivers.api.viewsets import (
    DriverViewSet,
    NotificationViewSet,
    StrikeViewSet,
    TokenRefreshView,
    TokenView,
)

router = SimpleRouter(trailing_slash=False)
router.register("drivers/notifications", NotificationViewSet)
router.register("drivers/strikes", StrikeViewSet)
router.register("drivers", DriverViewSet)

token_urls = [
    path("auth/token", TokenView.as_view(), name="token"),
    path("auth/token/refresh", TokenRefreshView.as_view(), name="token-refresh"),
]
