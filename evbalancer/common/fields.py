"""Fields and bases that every app's models share."""

from collections.abc import Iterable
from typing import Any, Self
from uuid import UUID, uuid4

from django.db import models


class TenantQuerySet(models.QuerySet[Any]):
    """The one way to limit rows to communities: every tenant row has a `community_id`."""

    def within(self, community_ids: Iterable[UUID]) -> Self:
        return self.filter(community_id__in=list(community_ids))


class UUIDModel(models.Model):
    """Public ids are UUIDs: they can't be counted through."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)

    class Meta:
        abstract = True


class TenantModel(UUIDModel):
    """A row that belongs to one community. PROTECT: history is kept, nothing cascades away."""

    community = models.ForeignKey("grid.Community", on_delete=models.PROTECT, related_name="+")

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


class MilliampField(models.PositiveIntegerField):  # type: ignore[type-arg]  # Django's fields can't be subscripted
    """Integer milliamperes per phase."""
