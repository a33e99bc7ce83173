"""Celery's names for domain functions. Ids in, safe to run twice."""

from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from evbalancer.common import topics
from evbalancer.common.loops import for_each
from scheduling.domain import (
    abuse,
    emergencies,
    keeping,
    learning_arrivals,
    notices,
    requests,
    reservations,
    sharing_price,
)
from scheduling.domain.rebalance import clusters_in_use, rebalance
from scheduling.enums import RunTrigger

STALE_S = 30
# Each has its turn, whatever became of the one before.
LAPSING = (
    requests.lapse_no_shows,
    requests.improve_after_departures,
    reservations.reserve_due,
    emergencies.finish_due,
    notices.warn_overstays,
    keeping.warn_of_broken,
)


@shared_task(name="scheduling.rebalance_cluster")
def rebalance_cluster(cluster_id: str, trigger: str = RunTrigger.EVENT) -> None:
    cache.delete(topics.wake_mark(UUID(cluster_id)))
    rebalance(UUID(cluster_id), now=timezone.now(), trigger=RunTrigger(trigger))


@shared_task(name="scheduling.rebalance_all")
def rebalance_all() -> None:
    """A task a cluster, so that one slow cluster keeps no other waiting. Unstarted ones go stale."""
    for cluster_id in clusters_in_use():
        rebalance_cluster.apply_async(args=(str(cluster_id), RunTrigger.BEAT.value), expires=STALE_S)


@shared_task(name="scheduling.scan_abuse")
def scan_abuse() -> None:
    abuse.scan(now=timezone.now())


@shared_task(name="scheduling.lapse")
def lapse() -> None:
    """What ends by itself: slots whose car did not come, emergencies whose time is over; who should leave, and for whom
    connectors are kept."""
    now = timezone.now()
    for_each(LAPSING, lambda job: bool(job(now=now)), what="Job")


@shared_task(name="scheduling.learn_arrivals")
def learn_arrivals() -> None:
    learning_arrivals.learn_all(now=timezone.now())


@shared_task(name="scheduling.price_sharing")
def price_sharing() -> None:
    sharing_price.measure_all(now=timezone.now())
