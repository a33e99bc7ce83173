from evbalancer.common.api import ApiRouter
from pricing.api.viewsets import BillLineViewSet, SessionViewSet, TariffViewSet

router = ApiRouter()
router.register("drivers/sessions", SessionViewSet)
router.register("pricing/tariffs", TariffViewSet)
router.register("pricing/bills", BillLineViewSet)
