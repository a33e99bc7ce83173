"""Celery: the same domain functions as the in-process scheduler's, on workers. One cluster is one task."""

import logging
import os
import time
from collections.abc import Callable
from uuid import UUID

import redis
from celery import Celery
from django.core.cache import cache
from kombu.exceptions import OperationalError

from evbalancer.common import topics

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
# Who waited for Redis once need not be kept waiting by the next event.
SILENCE_S = 10.0
SILENT = (redis.RedisError, OperationalError, OSError)

_silent_until_s = 0.0
_stand_in: Callable[[UUID], None] | None = None


def listen() -> None:
    """Answer `wake_balancer` of this process with a task. Called once, when Django is ready."""
    topics.on_balancer_wake(ask_for_rebalance)


def stand_in(balance: Callable[[UUID], None] | None) -> None:
    """Who balances a cluster here while no worker can be asked: a web process's own scheduler."""
    global _stand_in  # noqa: PLW0603
    _stand_in = balance


def ask_for_rebalance(cluster_id: UUID) -> None:
    if not _is_silent() and _asked_a_worker(cluster_id):
        return
    if _stand_in is not None:
        _stand_in(cluster_id)


def workers_can_be_asked() -> bool:
    """Whether Redis answers now."""
    global _silent_until_s  # noqa: PLW0603
    try:
        cache.get(REBALANCE)
    except SILENT:
        _note_silence()
        return False
    _silent_until_s = 0.0
    return True


def _asked_a_worker(cluster_id: UUID) -> bool:
    try:
        if cache.add(topics.wake_mark(cluster_id), 1, timeout=MARK_S):
            app.send_task(REBALANCE, args=[str(cluster_id)], expires=STALE_S, retry=False)
    except SILENT:
        logger.warning("Redis does not answer: no worker can be asked to balance", exc_info=True)
        _note_silence()
        return False
    return True


def _is_silent() -> bool:
    return time.monotonic() < _silent_until_s


def _note_silence() -> None:
    global _silent_until_s  # noqa: PLW0603
    _silent_until_s = time.monotonic() + SILENCE_S
