from evbalancer.common.api import ApiRouter
from grid.api.viewsets import AuditViewSet, CircuitReadingViewSet, ClusterViewSet, TemporaryLimitViewSet

router = ApiRouter()
router.register("grid/cluster", ClusterViewSet)
router.register("grid/limits", TemporaryLimitViewSet)
router.register("grid/circuits", CircuitReadingViewSet)
router.register("grid/audit", AuditViewSet)
