"""What the viewsets of named groups have in common: each member relation is read and written as a list of ids."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import mixins, serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from evbalancer.common.security.tenancy import IsManager, TenantViewSet
from evbalancer.common.web.strict import StrictMixin
from grid.domain.audit import Actor
from grid.domain.groups import find_members, remove_group, save_group
from grid.models import Community, NamedGroup


class IdsField(serializers.ListField):
    """The ids of the rows of a relation."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=serializers.UUIDField(), max_length=2_000, required=False, **options)

    def to_representation(self, data: Any) -> list[str]:
        return [str(row.pk) for row in data.all()]


class GroupSerializer(StrictMixin, serializers.ModelSerializer[Any]):
    """Base: `Meta.fields` has `FIELDS` and an `IdsField` a relation, named by it with `_ids`."""

    FIELDS = ("id", "community_id", "name", "created_at")

    community_id = serializers.UUIDField(required=False)


class GroupViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, TenantViewSet):
    """Base for managers. The subclass's methods `create` and `partial_update` name their schema."""

    permission_classes = (IsAuthenticated, IsManager)
    managers_only = True
    filterset_fields = ["community_id"]

    def find_community(self, community_id: UUID | None) -> Community:
        """Of a new group. Apps above know who manages what."""
        raise NotImplementedError

    def add(self, request: Request) -> Response:
        """Add a group; `community_id` is required from managers of several communities."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = dict(body.validated_data)
        group = self.get_queryset().model(community=self.find_community(sent.pop("community_id", None)))
        self._save(group, sent)
        return Response(self.get_serializer(group).data, status=status.HTTP_201_CREATED)

    def change(self, request: Request) -> Response:
        """Change what is sent. A list of ids takes the place of the one before."""
        group: NamedGroup = self.get_object()
        body = self.get_serializer(group, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        self._save(
            group, {name: sent for name, sent in body.validated_data.items() if name != "community_id"}
        )
        return Response(self.get_serializer(self.get_object()).data)

    def destroy(self, request: Request, pk: UUID | None = None) -> Response:
        """Remove it. Refused where a tariff is or was assigned to it."""
        remove_group(self.get_object(), actor=Actor.of_user(request.user), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _save(self, group: NamedGroup, sent: dict[str, Any]) -> None:
        members = {name: find_members(group, name, sent[name]) for name in group.MEMBERS if name in sent}
        group.name = sent.get("name", group.name)
        save_group(group, members=members, actor=Actor.of_user(self.request.user), now=timezone.now())
