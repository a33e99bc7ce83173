"""Celery: the same domain functions as the in-process scheduler's, on workers. One cluster is one task."""

import logging
import os
from collections.abc import Callable
from uuid import UUID

from celery import Celery
from celery.signals import worker_process_init
from django.core.cache import cache
from kombu.exceptions import OperationalError

from evbalancer.common import topics
from evbalancer.common.cache import redis_is_away
from evbalancer.common.collector import calm_collector

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evbalancer.settings")

app = Celery("evbalancer")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks()

REBALANCE = "scheduling.rebalance_cluster"
# Many events come in one breath; the task that answers them clears the mark when it begins to read.
MARK_S = 5
STALE_S = 30

_stand_in: Callable[[UUID], None] | None = None


@worker_process_init.connect
def _calm_worker(**_: object) -> None:
    calm_collector()


def listen() -> None:
    """Answer `wake_balancer` of this process with a task. Called once, when Django is ready."""
    topics.on_balancer_wake(ask_for_rebalance)


def stand_in(balance: Callable[[UUID], None] | None) -> None:
    """Who balances a cluster here while no worker can be asked: a web process's own scheduler."""
    global _stand_in  # noqa: PLW0603
    _stand_in = balance


def ask_for_rebalance(cluster_id: UUID) -> None:
    if not _asked_a_worker(cluster_id) and _stand_in is not None:
        _stand_in(cluster_id)


def _asked_a_worker(cluster_id: UUID) -> bool:
    is_first = cache.add(topics.wake_mark(cluster_id), 1, timeout=MARK_S)
    if redis_is_away():
        return False
    try:
        if is_first:
            app.send_task(REBALANCE, args=[str(cluster_id)], expires=STALE_S, retry=False)
    except (OperationalError, OSError):
        logger.warning("No worker can be asked to balance", exc_info=True)
        return False
    return True
