"""Who may see what of a cluster: anyone its sums, residents its rows, managers everything."""

from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from drivers.domain.belonging import match_belonging
from drivers.models import Driver, Membership, User
from evbalancer.common.security.tenancy import access_of
from grid.models import Circuit, Cluster

Person = User | AnonymousUser


class Rights(StrEnum):
    PUBLIC = "public"
    RESIDENT = "resident"
    MANAGER = "manager"


def clusters_in_use() -> QuerySet[Cluster]:
    """With a root circuit: before that there is nothing to show."""
    root = Circuit.objects.filter(cluster=OuterRef("pk"), parent=None, retired_at=None)
    in_use = Cluster.objects.filter(Exists(root), retired_at=None, community__retired_at=None)
    return in_use.select_related("community")


def rights_on(cluster: Cluster, person: Person) -> Rights | None:
    """None: for this person the cluster does not exist."""
    if not isinstance(person, User) or not person.is_active:
        return Rights.PUBLIC if cluster.is_public else None
    access = access_of(person)
    if access.manages(cluster.community_id):
        return Rights.MANAGER
    if (
        cluster.community_id in access.communities
        or Driver.objects.filter(match_belonging(), user=person, community_id=cluster.community_id).exists()
    ):
        return Rights.RESIDENT
    return Rights.PUBLIC if cluster.is_public else None


def home_clusters(person: Person) -> QuerySet[Cluster]:
    """What the switcher offers: a member's own clusters; to everybody else the public ones."""
    if not isinstance(person, User):
        return clusters_in_use().filter(is_public=True)
    if access_of(person).everywhere:
        return clusters_in_use()
    mine = clusters_in_use().filter(
        Q(community__in=Membership.objects.filter(user=person).values("community"))
        | Q(community__in=Driver.objects.filter(match_belonging(), user=person).values("community")),
    )
    return mine if mine.exists() else clusters_in_use().filter(is_public=True)
