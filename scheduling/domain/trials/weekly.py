"""Trials on a cluster's last weeks: long computations, so each cluster has its turn once a week."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Model

from evbalancer.common.loops import for_each
from grid.models import Cluster
from scheduling.domain.learning.past_days import local_day

MEASURED_EVERY_DAYS: Final = 7
LONGEST_ROUND_S: Final = 120.0


def measure_weekly(
    trials: type[Model], measure: Callable[[Cluster], Any], *, what: str, now: datetime
) -> int:
    """Measure each cluster that has no row of `trials` of the last week. Returns how many were measured."""

    def measure_due(cluster: Cluster) -> bool:
        since = local_day(now, cluster) - timedelta(days=MEASURED_EVERY_DAYS)
        if trials._default_manager.filter(cluster=cluster, day__gt=since).exists():  # noqa: SLF001 (Django's documented Meta API)
            return False
        measure(cluster)
        return True

    clusters = Cluster.objects.filter(retired_at=None).select_related("community")
    return for_each(clusters, measure_due, what=what, longest_s=LONGEST_ROUND_S)
