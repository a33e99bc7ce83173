"""Celery: the same domain functions as the in-process scheduler's, on workers. One cluster is one task."""

import os
from uuid import UUID

from celery import Celery
from django.core.cache import cache

from evbalancer.common import topics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

app = Celery("evbalancer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()

REBALANCE = "scheduling.rebalance_cluster"
# Many events come in one breath; the task that answers them clears the mark when it begins to read.
MARK_S = 5
STALE_S = 30


def listen() -> None:
    """Answer `wake_balancer` of this process with a task. Called once, when Django is ready."""
    topics.on_balancer_wake(ask_for_rebalance)


def ask_for_rebalance(cluster_id: UUID) -> None:
    if cache.add(topics.wake_mark(cluster_id), 1, timeout=MARK_S):
        app.send_task(REBALANCE, args=[str(cluster_id)], expires=STALE_S)
