"""What an ASGI process does beside serving: news go through its loop, and without workers it is its own worker."""

import asyncio

from django.conf import settings

from evbalancer.common import topics
from evbalancer.ops.jobs import JOBS
from evbalancer.ops.scheduler import Scheduler

_scheduler: Scheduler | None = None


def start() -> None:
    """On the server's running loop."""
    global _scheduler  # noqa: PLW0603
    topics.send_on(asyncio.get_running_loop())
    if settings.BALANCE_RUNNER == "inprocess":
        _scheduler = Scheduler(JOBS)
        _scheduler.start()


async def stop() -> None:
    global _scheduler  # noqa: PLW0603
    if _scheduler is not None:
        await _scheduler.stop()
        _scheduler = None
    topics.send_on(None)
