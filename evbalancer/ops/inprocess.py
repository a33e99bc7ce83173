"""What an ASGI process does beside serving: news go through its loop, and it balances where no worker does.

Without Redis it is its own worker. With Redis workers balance, and while Redis is away it stands in for them: cuts must reach
chargers, and leases be renewed, whatever has failed.
"""

import asyncio
from uuid import UUID

from django.conf import settings

from evbalancer import celery
from evbalancer.common import topics
from evbalancer.common.cache import redis_answers
from evbalancer.ops.jobs import JOBS
from evbalancer.ops.scheduler import Job, Lane, Scheduler, balance_on_beat
from scheduling.domain.rebalance import clusters_in_use

_scheduler: Scheduler | None = None


def start() -> None:
    """On the server's running loop."""
    global _scheduler  # noqa: PLW0603
    topics.send_on(asyncio.get_running_loop())
    if settings.BALANCE_RUNNER == "inprocess":
        _scheduler = Scheduler(JOBS)
        topics.on_balancer_wake(_scheduler.wake)
    elif settings.BALANCE_RUNNER == "celery":
        _scheduler = Scheduler((_STANDING_IN,))
        celery.stand_in(_scheduler.wake)
    if _scheduler is not None:
        _scheduler.start()


async def stop() -> None:
    global _scheduler  # noqa: PLW0603
    if _scheduler is not None:
        topics.forget_balancer_wake(_scheduler.wake)
        celery.stand_in(None)
        await _scheduler.stop()
        _scheduler = None
    topics.send_on(None)


def _left_alone() -> list[UUID]:
    return [] if redis_answers() else clusters_in_use()


_STANDING_IN = Job(
    "stand in for the workers", every_s=3, run=balance_on_beat, lane=Lane.BALANCER, over=_left_alone
)
