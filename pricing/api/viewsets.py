from rest_framework import mixins

from chargers.models import Session
from evbalancer.common.tenancy import TenantViewSet
from pricing.api.serializers import BillLineSerializer, SessionSerializer, TariffSerializer
from pricing.models import BillLine, Tariff


class TariffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Prices of the caller's communities, newest first; the first that has begun is in force."""

    queryset = Tariff.objects.select_related("community").prefetch_related("windows")
    serializer_class = TariffSerializer
    shared = True


class BillLineViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """What was charged for: own lines, for managers those of their communities."""

    queryset = BillLine.objects.all()
    serializer_class = BillLineSerializer
    owner = "driver__user"
    filterset_fields = ["session", "driver", "kind"]


class SessionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Stays on connectors with their energy and what they cost: own ones, for managers all."""

    queryset = Session.objects.select_related("connector__charge_point").prefetch_related("bill_lines")
    serializer_class = SessionSerializer
    owner = "driver__user"
    filterset_fields = ["state", "connector", "driver", "vehicle"]
