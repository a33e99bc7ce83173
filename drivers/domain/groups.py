"""Which groups a driver is in: by name, or by where the driver belongs."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from drivers.models import Driver, DriverGroup


def find_groups(driver: Driver) -> QuerySet[DriverGroup]:
    is_in = Q(drivers=driver.pk)
    if driver.flat_id is not None:
        is_in |= Q(flats=driver.flat_id)
    return DriverGroup.objects.filter(is_in, community=driver.community_id).distinct()


class GroupMembers:
    """Who is in some groups, read for all drivers and flats in two queries."""

    def __init__(self, group_ids: Collection[UUID]) -> None:
        groups = DriverGroup.objects.filter(pk__in=group_ids)
        self._drivers = set(groups.filter(drivers__isnull=False).values_list("pk", "drivers"))
        self._flats = set(groups.filter(flats__isnull=False).values_list("pk", "flats"))

    def has(self, group_id: UUID, driver: Driver) -> bool:
        return (group_id, driver.pk) in self._drivers or (group_id, driver.flat_id) in self._flats
