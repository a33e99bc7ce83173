"""Celery's names for domain functions. Ids in, safe to run twice."""

from uuid import UUID

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from evbalancer.common import topics
from grid.models import Cluster
from scheduling.domain import abuse, emergencies, notices, requests, reservations
from scheduling.domain.rebalance import rebalance
from scheduling.enums import RunTrigger

STALE_S = 30


@shared_task(name="scheduling.rebalance_cluster")
def rebalance_cluster(cluster_id: str, trigger: str = RunTrigger.EVENT) -> None:
    cache.delete(topics.wake_mark(UUID(cluster_id)))
    rebalance(UUID(cluster_id), now=timezone.now(), trigger=RunTrigger(trigger))


@shared_task(name="scheduling.rebalance_all")
def rebalance_all() -> None:
    """A task a cluster, so that one slow cluster keeps no other waiting. Unstarted ones go stale."""
    for cluster_id in Cluster.objects.filter(retired_at=None).values_list("pk", flat=True):
        rebalance_cluster.apply_async(args=(str(cluster_id), RunTrigger.BEAT.value), expires=STALE_S)


@shared_task(name="scheduling.scan_abuse")
def scan_abuse() -> None:
    abuse.scan(now=timezone.now())


@shared_task(name="scheduling.lapse")
def lapse() -> None:
    """What ends by itself: slots whose car did not come, emergencies whose time is over; who should leave, and for whom
    connectors are kept."""
    now = timezone.now()
    requests.lapse_no_shows(now=now)
    requests.improve_after_departures(now=now)
    reservations.reserve_due(now=now)
    emergencies.finish_due(now=now)
    notices.warn_overstays(now=now)
