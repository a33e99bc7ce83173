"""Fields and bases that every app's models share."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID, uuid4

from django.db import models

M_co = TypeVar("M_co", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[M_co]):
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


if TYPE_CHECKING:
    # The stubs know what null=True does to the built-in field, and would not know it of a subclass.
    MilliampField = models.PositiveIntegerField
else:

    class MilliampField(models.PositiveIntegerField):
        """Integer milliamperes per phase."""
