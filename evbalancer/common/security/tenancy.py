"""Access to communities' rows, for every app's API and screens.

This room knows no app, so a user is read by shape: `user.memberships` has rows with `community_id` and `role`
("manager", "driver" or "resident"), as `drivers.Membership` has; and a community by its `sign_in_rule`. A person has a second
factor if `user.authenticator` or one of `user.passkeys` is there.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

MANAGER = "manager"
DRIVER = "driver"


@dataclass(frozen=True, slots=True)
class Access:
    """The communities of a user by what they may do there; `everywhere` for the install's operators."""

    communities: frozenset[UUID] = frozenset()
    managed: frozenset[UUID] = frozenset()
    everywhere: bool = False

    def manages(self, community_id: UUID) -> bool:
        return self.everywhere or community_id in self.managed

    @property
    def manages_any(self) -> bool:
        return self.everywhere or bool(self.managed)


def access_of(user: Any) -> Access:
    """One query; two where a second factor is asked for. Nobody has nothing."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return Access()
    rows = list(
        user.memberships.filter(community__retired_at__isnull=True).values_list(
            "community_id", "role", "community__sign_in_rule__managers_need_second_factor"
        ),
    )
    managed = {community_id: needs for community_id, role, needs in rows if role == MANAGER}
    everywhere = user.is_superuser
    if (settings.MANAGERS_NEED_SECOND_FACTOR or any(managed.values())) and not _has_second_factor(user):
        everywhere = everywhere and not settings.MANAGERS_NEED_SECOND_FACTOR
        managed = {} if settings.MANAGERS_NEED_SECOND_FACTOR else {pk: 0 for pk in managed if not managed[pk]}
    return Access(
        communities=frozenset(community_id for community_id, _, _ in rows),
        managed=frozenset(managed),
        everywhere=everywhere,
    )


def lacks_second_factor(user: Any) -> bool:
    """Whether a manager manages less than their memberships say, because a rule asks for a second factor."""
    access = access_of(user)
    managed = user.memberships.filter(role=MANAGER, community__retired_at__isnull=True)
    return (user.is_superuser and not access.everywhere) or any(
        not access.manages(pk) for pk in managed.values_list("community_id", flat=True)
    )


def _has_second_factor(user: Any) -> bool:
    """Whoever has one has shown it, in every session and token (ADR 113)."""
    accounts: Any = get_user_model()._default_manager  # noqa: SLF001 (the one that Django itself asks)
    has_one = Q(authenticator__isnull=False) | Q(passkeys__isnull=False)
    return bool(accounts.filter(has_one, pk=user.pk).exists())


def request_access(request: Any) -> Access:
    """The same as `access_of(request.user)`, asked once a request."""
    cached: Access | None = getattr(request, "evb_access", None)
    if cached is None:
        cached = access_of(request.user)
        request.evb_access = cached
    return cached


class IsManager(BasePermission):
    """The caller manages a community at all; which one is decided by the rows they can see."""

    message = "This is for managers."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request_access(request).manages_any


class TenantViewSet(GenericViewSet[Any]):
    """Base of every viewset: rows of other communities, and of other drivers, do not exist for the caller.

    `owner` is the lookup from a row to the user it belongs to. Managers see all rows of the communities they
    manage; other members see their own rows, or all when `shared`.
    """

    lookup_value_converter = "uuid"
    owner: str | None = None
    shared = False
    managers_only = False
    community = "community_id"

    @property
    def access(self) -> Access:
        return request_access(self.request)

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return self.visible(rows)

    def visible(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        access = self.access
        if access.everywhere:
            return rows
        allowed = Q(**{f"{self.community}__in": access.managed})
        if not self.managers_only:
            if self.shared:
                allowed |= Q(**{f"{self.community}__in": access.communities})
            elif self.owner is not None:
                allowed |= Q(**{f"{self.community}__in": access.communities, self.owner: self.request.user})
        return rows.filter(allowed)

    def managed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Of these rows, the ones that the caller may manage: for actions on what everybody may see."""
        access = self.access
        return rows if access.everywhere else rows.filter(**{f"{self.community}__in": access.managed})
