from django.urls import path

from chargers.api.access import ConnectorAccessView
from chargers.api.device_model import DeviceModelViewSet
from chargers.api.fallbacks import FallbacksView
from chargers.api.groups import ConnectorGroupViewSet
from chargers.api.pending import PendingViewSet
from chargers.api.refused_cards import RefusedCardViewSet
from chargers.api.viewsets import ChargePointViewSet, CommandViewSet, ConnectorViewSet
from evbalancer.common.web.api import ApiRouter

router = ApiRouter()
router.register("chargers/connectors", ConnectorViewSet)
router.register("chargers/commands", CommandViewSet)
router.register("chargers/charge-points", DeviceModelViewSet, basename="device-model")
router.register("chargers/groups", ConnectorGroupViewSet)
router.register("chargers/pending", PendingViewSet)
router.register("chargers/refused-cards", RefusedCardViewSet)
router.register("chargers", ChargePointViewSet)

urlpatterns = [
    path("grid/cluster/<uuid:id>/fallbacks", FallbacksView.as_view(), name="fallbacks"),
    path("chargers/connectors/<uuid:id>/access", ConnectorAccessView.as_view(), name="connector-access"),
]
