"""Who of a community a request speaks for."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from drivers.domain.belonging import match_belonging
from drivers.errors import NotADriver
from drivers.models import Driver, User
from evbalancer.common.errors import InvalidInput, NotFound
from evbalancer.common.security.tenancy import Access
from evbalancer.common.words.said import Said
from grid.models import Community


def driver_in(request: Request, community_id: UUID) -> Driver:
    """The caller as a driver of this community. Raises NotADriver."""
    driver = drivers_of(request).get(community_id)
    if driver is None:
        raise NotADriver(Said("refusal.only_driver_of_community"))
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
            match_belonging(),
            user=request.user.pk,
            community__retired_at__isnull=True,
        ).select_related("community")
        cached = {row.community_id: row for row in rows}
        request.evb_drivers = cached  # type: ignore[attr-defined]
    return cached


def only_driver(request: Request, community_id: UUID | None, *, name: str = "community_id") -> Driver:
    """The caller as a driver of the named community, or of their only one. Raises NotFound, NotADriver, InvalidInput.

    `name`: what the request calls the community.
    """
    own = drivers_of(request)
    if community_id is not None:
        if community_id not in own:
            raise NotFound(Said("refusal.no_community"))
        return own[community_id]
    if not own:
        raise NotADriver(Said("refusal.only_driver"))
    if len(own) > 1:
        raise InvalidInput(name, Said("refusal.community_needed", {"name": name}), code="community_needed")
    return next(iter(own.values()))


class CommunityQuerySerializer(serializers.Serializer[Any]):
    community = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Needed by who drives in several."
    )


def asked_driver(request: Request) -> Driver:
    """The caller as a driver of the community that the query names. Raises as `only_driver`, and ValidationError."""
    query = CommunityQuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return only_driver(request, query.validated_data["community"], name="community")


def managed_community(access: Access, community_id: UUID | None) -> Community:
    """The named community of those that the caller manages, or the only one. Raises Http404, InvalidInput."""
    rows = Community.objects.filter(retired_at=None)
    if not access.everywhere:
        rows = rows.filter(pk__in=access.managed)
    if community_id is not None:
        return get_object_or_404(rows, pk=community_id)
    found = list(rows[:2])
    if len(found) != 1:
        raise InvalidInput("community_id", Said("refusal.community_id_needed"), code="community_needed")
    return found[0]
