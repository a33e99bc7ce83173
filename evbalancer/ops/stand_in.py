"""A web process balances in place of the workers, where they do not.

1. Every few seconds it looks for clusters whose last regular run is too old. While Redis is away these are all clusters.
2. It balances them, unless another web process has done so just now: several share the work, and locks keep them apart.
3. It steps back from a cluster as soon as a worker has balanced it.
"""

import logging
import os
import random
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from evbalancer.common import waking
from evbalancer.common.cache import redis_answers, redis_is_away
from evbalancer.ops.periodic import Lane, Row, balance_cluster
from evbalancer.ops.scheduler import Scheduler
from scheduling.domain.alarms import judging, sending
from scheduling.domain.balancing import attendance
from scheduling.domain.balancing.rebalance import clusters_in_use

logger = logging.getLogger(__name__)

LOOKS_EVERY_S: Final = 3
ALARMS_EVERY_S: Final = 20


class StandIn:
    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:60]} (process {os.getpid()})"
        # In whose place it stands now.
        self._clusters: frozenset[UUID] = frozenset()
        row = Row(
            "Stand in for the workers",
            self.balance,
            every_s=LOOKS_EVERY_S,
            lane=Lane.BALANCER,
            over=self._look,
        )
        # Whoever hears that the workers are gone must not hear of it from a worker.
        alarms = Row(
            "Alarms in place of the workers", self.judge_alarms, every_s=ALARMS_EVERY_S, lane=Lane.ALARMS
        )
        self.scheduler = Scheduler((row, alarms), stand_in=self.name)

    def look_for_clusters(self, *, now: datetime) -> Sequence[UUID]:
        """The clusters to stand in for, in any order, so that several processes begin with different ones."""
        found = clusters_in_use() if not redis_answers() else self._left_alone(now=now)
        self._report(frozenset(found), now=now)
        random.shuffle(found)
        return found

    def balance(self, cluster_id: UUID, *, now: datetime) -> None:
        """Balance the cluster unless a worker or another stand-in came first."""
        mine = attendance.clusters_to_stand_in_for(stand_in=self.name, now=now)
        # Asking Redis again would cost a second for each cluster while it hangs.
        if redis_is_away() or mine.filter(pk=cluster_id).exists():
            balance_cluster(cluster_id, now=now, stand_in=self.name)

    def judge_alarms(self, *, now: datetime) -> None:
        """Judge and send alarms while this process stands in, for the clusters that it stands in for."""
        if not self._clusters:
            return
        for cluster_id in self._clusters:
            judging.judge_cluster(cluster_id, now=now)
        judging.judge_site(now=now)
        sending.send_due_alarms(now=now)

    def answer_wake(self, cluster_id: UUID) -> None:
        """Ask a worker; and balance here as well where none does."""
        if not waking.ask_worker(cluster_id) or cluster_id in self._clusters:
            self.scheduler.wake(cluster_id)

    def _look(self) -> Sequence[UUID]:
        return self.look_for_clusters(now=datetime.now(UTC))

    def _left_alone(self, *, now: datetime) -> list[UUID]:
        rows = attendance.clusters_to_stand_in_for(stand_in=self.name, now=now)
        return list(rows.values_list("pk", flat=True))

    def _report(self, clusters: frozenset[UUID], *, now: datetime) -> None:
        """A line when it begins to stand in, and one when it steps back."""
        if clusters and not self._clusters:
            since = attendance.last_regular_run_at(clusters)
            logger.warning(
                "No worker balances %s clusters (last run: %s): this process stands in for the workers",
                len(clusters),
                "never" if since is None else since.isoformat(timespec="seconds"),
                extra={"clusters": sorted(map(str, clusters))[:20], "stand_in": self.name},
            )
        elif self._clusters and not clusters:
            logger.warning("Every cluster is balanced by others again: this process no longer stands in")
        self._clusters = clusters
