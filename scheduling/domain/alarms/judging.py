"""The judge of alarms: every twenty seconds for each cluster, and beside the clusters. It decides nothing about power."""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from grid.models import Cluster
from scheduling.domain.alarms.causes import JUDGES, Judge
from scheduling.domain.alarms.ledger import end_orphans, open_kinds, settle_alarms
from scheduling.domain.alarms.site_causes import SITE_JUDGES
from scheduling.enums import AlarmKind

logger = logging.getLogger(__name__)

Judges = Sequence[tuple[frozenset[AlarmKind], Judge]]


def judge_cluster(cluster_id: UUID, *, now: datetime) -> None:
    """Raise, keep and end the alarms of a cluster."""
    cluster = Cluster.objects.select_related("community").filter(pk=cluster_id, retired_at=None).first()
    if cluster is not None:
        judges = tuple((kinds, partial(judge, cluster)) for kinds, judge in JUDGES)
        _settle_each(judges, cluster=cluster, now=now)


def judge_site(*, now: datetime) -> None:
    """The same for what belongs to no cluster."""
    _settle_each(SITE_JUDGES, cluster=None, now=now)
    end_orphans(now=now)


def _settle_each(judges: Judges, *, cluster: Cluster | None, now: datetime) -> None:
    """A judge that fails has not seen that its causes are gone: its alarms stay as they are, and the others are judged."""
    known = open_kinds(cluster)
    for kinds, judge in judges:
        try:
            causes = judge(now=now)
            # Usually nothing is wrong, and nothing was.
            if causes or not kinds.isdisjoint(known):
                settle_alarms(kinds, causes, cluster=cluster, now=now)
        except Exception:
            logger.exception("Alarms %s are judged the next time", ", ".join(sorted(kinds)))
