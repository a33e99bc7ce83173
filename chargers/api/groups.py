"""Groups of connectors, for managers: a tariff can be assigned to them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from chargers.models import ConnectorGroup
from drivers.api.permissions import managed_community
from grid.api.groups import GroupSerializer, GroupViewSet, IdsField
from grid.models import Community


class ConnectorGroupSerializer(GroupSerializer):
    connector_ids = IdsField(source="connectors")

    class Meta:
        model = ConnectorGroup
        fields = [*GroupSerializer.FIELDS, "connector_ids"]
        read_only_fields = ["id", "created_at"]


class ConnectorGroupViewSet(GroupViewSet):
    """Groups of connectors of the manager's communities."""

    queryset = ConnectorGroup.objects.prefetch_related("connectors")
    serializer_class = ConnectorGroupSerializer

    def find_community(self, community_id: UUID | None) -> Community:
        return managed_community(self.access, community_id)

    @extend_schema(request=ConnectorGroupSerializer, responses={201: ConnectorGroupSerializer})
    def create(self, request: Request) -> Response:
        """Add a group; `community_id` is required from managers of several communities."""
        return self.add(request)

    @extend_schema(request=ConnectorGroupSerializer, responses=ConnectorGroupSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        """Change what is sent. A list of ids takes the place of the one before."""
        return self.change(request)
