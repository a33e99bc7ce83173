"""Groups of drivers, for managers: a tariff can be assigned to them."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from drivers.api.permissions import managed_community
from drivers.models import DriverGroup
from grid.api.groups import GroupSerializer, GroupViewSet, IdsField
from grid.models import Community


class DriverGroupSerializer(GroupSerializer):
    driver_ids = IdsField(source="drivers")
    flat_ids = IdsField(source="flats", help_text="With all of their drivers, also those who come later.")

    class Meta:
        model = DriverGroup
        fields = [*GroupSerializer.FIELDS, "driver_ids", "flat_ids"]
        read_only_fields = ["id", "created_at"]


class DriverGroupViewSet(GroupViewSet):
    """Groups of drivers of the manager's communities, by driver and by flat or cost centre."""

    queryset = DriverGroup.objects.prefetch_related("drivers", "flats")
    serializer_class = DriverGroupSerializer

    def find_community(self, community_id: UUID | None) -> Community:
        return managed_community(self.access, community_id)

    @extend_schema(request=DriverGroupSerializer, responses={201: DriverGroupSerializer})
    def create(self, request: Request) -> Response:
        """Add a group; `community_id` is required from managers of several communities."""
        return self.add(request)

    @extend_schema(request=DriverGroupSerializer, responses=DriverGroupSerializer)
    def partial_update(self, request: Request, pk: UUID | None = None) -> Response:
        """Change what is sent. A list of ids takes the place of the one before."""
        return self.change(request)
