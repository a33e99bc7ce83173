"""Which groups a driver is in: by name, or by where the driver belongs."""

from django.db.models import Q, QuerySet

from drivers.models import Driver, DriverGroup


def find_groups(driver: Driver) -> QuerySet[DriverGroup]:
    is_in = Q(drivers=driver.pk)
    if driver.flat_id is not None:
        is_in |= Q(flats=driver.flat_id)
    return DriverGroup.objects.filter(is_in, community=driver.community_id).distinct()
