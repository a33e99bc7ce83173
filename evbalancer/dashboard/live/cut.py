"""The page's button: the transformer cut to half, and back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from evbalancer.common.db.locks import lock_cluster
from evbalancer.common.words.said import Said
from grid.domain import limits, topology
from grid.domain.audit import Actor
from grid.enums import LimitSource
from grid.models import Cluster, TemporaryLimit

CUT_PCT: Final = 50
# Restore takes back what the button did, and never a limit that somebody imposed in another way, whatever its reason says.
BUTTON: Final = "live-page-cut"
CUT_REASON: Final = Said("limit.cut_on_live_page", {"share_pct": CUT_PCT})


@transaction.atomic
def cut(cluster: Cluster, *, actor: Actor, now: datetime) -> TemporaryLimit:
    """Cut the root to half. Pressed twice, or by two managers at once, it is one cut."""
    lock_cluster(cluster.pk)
    standing = cuts_among(limits.open_limits(cluster, now=now))
    if standing:
        return standing[0]
    root = topology.read_tree(cluster).root
    return limits.impose_limit(
        root,
        pct=CUT_PCT,
        reason=CUT_REASON,
        source=LimitSource.MANAGER,
        button=BUTTON,
        actor=actor,
        now=now,
    )


@transaction.atomic
def restore(cluster: Cluster, *, actor: Actor, now: datetime) -> int:
    """Take the cut back. Returns how many limits were lifted: 0 when somebody else was quicker."""
    lock_cluster(cluster.pk)
    standing = cuts_among(limits.open_limits(cluster, now=now))
    for limit in standing:
        limits.lift_limit(limit, actor=actor, now=now, reason=Said("limit.restored_on_live_page"))
    return len(standing)


def cuts_among(open_limits: Iterable[TemporaryLimit]) -> list[TemporaryLimit]:
    return [limit for limit in open_limits if limit.button == BUTTON and limit.circuit.parent_id is None]
