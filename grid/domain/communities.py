"""Communities and their grid connections: founded, and changed, by people."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from evbalancer.common.waking import wake_balancer
from grid.domain import commissioning
from grid.domain.audit import Actor
from grid.domain.changes import apply_changes, store_new
from grid.models import Cluster, Community

LONGEST_SLUG = 40


@transaction.atomic
def found_community(community: Community, *, actor: Actor, now: datetime) -> Community:
    """Store a new community; without a slug it gets one of its name. Raises InvalidInput."""
    community.slug = community.slug or _free_slug(community.name)
    return store_new(community, actor=actor, now=now)


@transaction.atomic
def change_community(
    community: Community, *, to: Mapping[str, Any], actor: Actor, now: datetime, reason: str = ""
) -> Community:
    """Raises InvalidInput; nothing is changed then."""
    locked = Community.objects.select_for_update(no_key=True).get(pk=community.pk)
    return apply_changes(locked, to=to, action="community.changed", actor=actor, now=now, reason=reason)


@transaction.atomic
def add_cluster(cluster: Cluster, *, actor: Actor, now: datetime) -> Cluster:
    """Raises InvalidInput."""
    store_new(cluster, actor=actor, now=now)
    wake_balancer(cluster.pk)
    return cluster


@transaction.atomic
def change_cluster(cluster: Cluster, *, to: Mapping[str, Any], actor: Actor, now: datetime) -> Cluster:
    """Raises FallbacksDoNotFit with the missing amperes, or InvalidInput; nothing is changed then."""
    locked = Cluster.objects.select_for_update(no_key=True).get(pk=cluster.pk)
    return apply_changes(
        locked,
        to=to,
        check=lambda: commissioning.check_margin(locked),
        cluster_id=locked.pk,
        action="cluster.changed",
        actor=actor,
        now=now,
    )


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:LONGEST_SLUG].strip("-") or "community"
    slug, number = wanted, 1
    while Community.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{wanted}-{number}"
    return slug
