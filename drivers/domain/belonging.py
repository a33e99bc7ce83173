"""Whether a driver belongs to a community: every door asks here.

A membership is what lets a person in. A driver's record outlives it, for the sake of bills and ledgers, and lets nobody in.
A driver without an account belongs until retired: there is nobody who could sign in, only cards.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from drivers.errors import NotADriver
from drivers.events import IdTagsChanged, MembershipEnded
from drivers.models import Driver, Membership
from evbalancer.common.events import publish
from evbalancer.common.words.said import Said


def is_member(path: str = "") -> Q:
    """For a query: the driver at `path` ("" or like "driver__") has no account, or one that is let in."""
    held = Membership.objects.filter(user=OuterRef(f"{path}user"), community=OuterRef(f"{path}community"))
    return Q(**{f"{path}user": None}) | Q(**{f"{path}user__is_superuser": True}) | Q(Exists(held))


def match_belonging(path: str = "") -> Q:
    """The same, neither retired nor with an account that was closed."""
    is_open = Q(**{f"{path}user": None}) | Q(**{f"{path}user__is_active": True})
    return Q(**{f"{path}retired_at": None}) & is_open & is_member(path)


def check_belongs(driver: Driver) -> None:
    """Raises NotADriver."""
    if not Driver.objects.filter(match_belonging(), pk=driver.pk).exists():
        raise NotADriver(Said("refusal.only_driver_of_community"))


@transaction.atomic
def tell_if_left(user_id: int, community_id: UUID, *, now: datetime) -> None:
    """To be called, in its transaction, by whatever took a membership away or moved it."""
    if Membership.objects.filter(user=user_id, community=community_id).exists():
        return
    publish(IdTagsChanged(community_id=community_id, is_withdrawal=True))
    for driver_id in Driver.objects.filter(user=user_id, community=community_id).values_list("pk", flat=True):
        publish(MembershipEnded(driver_id=driver_id, community_id=community_id, at=now))
