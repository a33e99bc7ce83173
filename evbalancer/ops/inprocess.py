"""What an ASGI process does beside serving: news go through its loop, and it balances where no worker does.

Without Redis it is its own worker. With Redis workers balance, and while Redis is away it stands in for them: cuts must reach
chargers, and leases be renewed, whatever has failed.
"""

import asyncio
from uuid import UUID

from django.conf import settings

from evbalancer.common import topics, waking
from evbalancer.common.cache import redis_answers
from evbalancer.ops.periodic import ROWS, Lane, Row, balance_cluster
from evbalancer.ops.scheduler import Scheduler
from scheduling.domain.rebalance import clusters_in_use

_scheduler: Scheduler | None = None


def start() -> None:
    """On the server's running loop."""
    global _scheduler  # noqa: PLW0603
    topics.send_on(asyncio.get_running_loop())
    if settings.BALANCE_RUNNER == "inprocess":
        _scheduler = Scheduler(ROWS)
        waking.answer_wakes(_scheduler.wake)
    elif settings.BALANCE_RUNNER == "celery":
        _scheduler = Scheduler((_STANDING_IN,))
        waking.stop_answering(waking.ask_worker)
        waking.answer_wakes(_ask_worker_or_balance)
    if _scheduler is not None:
        _scheduler.start()


async def stop() -> None:
    global _scheduler  # noqa: PLW0603
    if _scheduler is not None:
        waking.stop_answering(_scheduler.wake)
        waking.stop_answering(_ask_worker_or_balance)
        await _scheduler.stop()
        _scheduler = None
    topics.send_on(None)


def _ask_worker_or_balance(cluster_id: UUID) -> None:
    if not waking.ask_worker(cluster_id) and _scheduler is not None:
        _scheduler.wake(cluster_id)


def _left_alone() -> list[UUID]:
    return [] if redis_answers() else clusters_in_use()


_STANDING_IN = Row(
    "stand in for the workers", balance_cluster, every_s=3, lane=Lane.BALANCER, over=_left_alone
)
