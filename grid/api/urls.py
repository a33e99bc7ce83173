from django.urls import path

from evbalancer.common.web.api import ApiRouter
from grid.api.machines import LimitSignal, MeterPush
from grid.api.viewsets import (
    AuditViewSet,
    CircuitViewSet,
    ClusterViewSet,
    RetentionViewSet,
    TemporaryLimitViewSet,
)

router = ApiRouter()
router.register("grid/cluster", ClusterViewSet)
router.register("grid/limits", TemporaryLimitViewSet)
router.register("grid/circuits", CircuitViewSet)
router.register("grid/retention", RetentionViewSet, basename="retention")
router.register("grid/audit", AuditViewSet)

urlpatterns = [
    path("grid/meter", MeterPush.as_view(), name="meter-push"),
    path("grid/signal", LimitSignal.as_view(), name="limit-signal"),
]
