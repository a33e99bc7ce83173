from django.urls import path

from evbalancer.common.web.api import ApiRouter
from fleet.api.connect import CallbackView, ConnectView, choose, consent
from fleet.api.viewsets import ConnectionViewSet, StayViewSet, VehicleViewSet
from fleet.api.webhooks import receive

router = ApiRouter()
router.register("fleet/connections", ConnectionViewSet)
router.register("fleet/stays", StayViewSet)

_one = VehicleViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})

urlpatterns = [
    path("auth/smartcar/connect", ConnectView.as_view(), name="smartcar-connect"),
    path("auth/smartcar/callback", CallbackView.as_view(), name="smartcar-callback"),
    path("auth/smartcar/choose", choose, name="smartcar-choose"),
    path("auth/smartcar/mock", consent, name="smartcar-mock"),
    path("fleet/smartcar/webhook", receive, name="smartcar-webhook"),
    path("fleet/vehicles", VehicleViewSet.as_view({"get": "list", "post": "create"}), name="vehicle-list"),
    path("fleet/vehicle/<uuid:pk>", _one, name="vehicle-detail"),
    *(
        path(
            f"fleet/vehicle/<uuid:pk>/{address}",
            VehicleViewSet.as_view({method: name}),
            name=f"vehicle-{address}",
        )
        for address, method, name in (
            ("readings", "get", "readings"),
            ("refresh", "post", "refresh"),
            ("charging", "post", "charging"),
            ("charge-limit", "post", "charge_limit"),
        )
    ),
]
