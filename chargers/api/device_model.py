from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from chargers.models import ChargePoint, DeviceVariable
from evbalancer.common.security.tenancy import IsManager, TenantViewSet


class DeviceVariableSerializer(serializers.ModelSerializer[DeviceVariable]):
    class Meta:
        model = DeviceVariable
        fields = [
            "component", "component_instance", "evse_number", "connector_number", "variable", "variable_instance",
            "attribute", "value", "mutability", "data_type", "unit", "told_at",
        ]  # fmt: skip
        read_only_fields = fields


class DeviceModelViewSet(TenantViewSet):
    """The device models of charge points that speak OCPP 2, for managers."""

    queryset = ChargePoint.objects.filter(retired_at=None)
    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True

    @extend_schema(responses=DeviceVariableSerializer(many=True))
    @action(detail=True, serializer_class=DeviceVariableSerializer)
    def variables(self, request: Request, pk: str | None = None) -> Response:
        """What the charge point told last of each variable, page by page."""
        charge_point: Any = get_object_or_404(self.get_queryset(), pk=pk)
        page = self.paginate_queryset(charge_point.variables.all())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
