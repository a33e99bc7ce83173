"""Who of a community a request speaks for."""

from uuid import UUID

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from drivers.errors import NotADriver
from drivers.models import Driver, User


def driver_in(request: Request, community_id: UUID) -> Driver:
    """The caller as a driver of this community. Raises NotADriver."""
    driver = drivers_of(request).get(community_id)
    if driver is None:
        raise NotADriver("Only a driver of this community can do this.")
    return driver


def signed_in(request: Request) -> User:
    """The caller. Raises NotAuthenticated for nobody, which a view's permissions usually have ruled out."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def drivers_of(request: Request) -> dict[UUID, Driver]:
    """The caller's driver records by community, asked once a request."""
    cached: dict[UUID, Driver] | None = getattr(request, "evb_drivers", None)
    if cached is None:
        rows = Driver.objects.filter(
            user=request.user.pk,
            retired_at__isnull=True,
            community__retired_at__isnull=True,
        ).select_related("community")
        cached = {row.community_id: row for row in rows}
        request.evb_drivers = cached  # type: ignore[attr-defined]
    return cached
