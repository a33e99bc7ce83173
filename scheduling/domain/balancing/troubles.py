"""Which part of a cluster's rebalance fails now, kept where readiness, the live page and the admin see it at once."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.topics import cluster_topic, tell
from grid.models import Cluster
from scheduling.enums import BalanceStep
from scheduling.models import BalanceTrouble

logger = logging.getLogger(__name__)


def standing_troubles(cluster_id: UUID) -> Sequence[BalanceTrouble]:
    return _troubles(cluster_id=cluster_id)


@prepared
def _troubles(cluster_id: One) -> QuerySet[BalanceTrouble]:
    return BalanceTrouble.objects.filter(cluster=cluster_id)


def report_failure(cluster_id: UUID, error: Exception, *, now: datetime) -> None:
    """The rebalance itself failed; its transaction is over. Raises nothing: the error that matters is the first one."""
    _store(cluster_id, {BalanceStep.REBALANCE: type(error).__name__}, now=now, is_whole=False)


def report_steps(cluster_id: UUID, failed: Mapping[str, str], *, now: datetime) -> None:
    """A rebalance went through without these steps. A step that failed before and is not among them works again."""
    _store(cluster_id, failed, now=now, is_whole=True)


def _store(cluster_id: UUID, failed: Mapping[str, str], *, now: datetime, is_whole: bool) -> None:
    try:
        with transaction.atomic():
            _settle(cluster_id, failed, now=now, is_whole=is_whole)
    except Exception:
        logger.exception("The failures of cluster %s could not be stored", cluster_id)


def _settle(cluster_id: UUID, failed: Mapping[str, str], *, now: datetime, is_whole: bool) -> None:
    known = {row.step: row for row in standing_troubles(cluster_id)}
    over = [row.pk for row in known.values() if row.step not in failed] if is_whole else []
    if not failed and not over:
        return
    if over:
        BalanceTrouble.objects.filter(pk__in=over).delete()
    for step, error in failed.items():
        row = known.get(step)
        if row is not None:
            again = BalanceTrouble.objects.filter(pk=row.pk)
            again.update(error=error, at=max(now, row.at), times=F("times") + 1)
            continue
        community_id = Cluster.objects.values_list("community_id", flat=True).get(pk=cluster_id)
        # Two processes may fail at once: it is one failure.
        BalanceTrouble.objects.get_or_create(
            cluster_id=cluster_id,
            step=step,
            defaults={"community_id": community_id, "error": error, "since": now, "at": now},
        )
    if over or failed.keys() - known.keys():
        tell(cluster_topic(cluster_id), "balance.trouble")
