from django.urls import path

from evbalancer.common.api import ApiRouter
from fleet.api.connect import CallbackView, ConnectView, consent
from fleet.api.viewsets import ConnectionViewSet, VehicleViewSet

router = ApiRouter()
router.register("fleet/connections", ConnectionViewSet)

_one = VehicleViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})

urlpatterns = [
    path("auth/smartcar/connect", ConnectView.as_view(), name="smartcar-connect"),
    path("auth/smartcar/callback", CallbackView.as_view(), name="smartcar-callback"),
    path("auth/smartcar/mock", consent, name="smartcar-mock"),
    path("fleet/vehicles", VehicleViewSet.as_view({"get": "list", "post": "create"}), name="vehicle-list"),
    path("fleet/vehicle/<uuid:pk>", _one, name="vehicle-detail"),
    path(
        "fleet/vehicle/<uuid:pk>/readings",
        VehicleViewSet.as_view({"get": "readings"}),
        name="vehicle-readings",
    ),
    path(
        "fleet/vehicle/<uuid:pk>/refresh", VehicleViewSet.as_view({"post": "refresh"}), name="vehicle-refresh"
    ),
]
