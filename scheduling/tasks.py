from uuid import UUID

from celery import shared_task
from django.utils import timezone

from evbalancer.common import waking
from scheduling.domain.balancing.rebalance import share_power
from scheduling.enums import RunTrigger


@shared_task(name=waking.REBALANCE)
def rebalance_cluster(cluster_id: str) -> None:
    """Answer a wake of this cluster."""
    waking.begin_answer(UUID(cluster_id))
    share_power(UUID(cluster_id), now=timezone.now(), trigger=RunTrigger.EVENT)
