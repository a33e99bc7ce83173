"""What an ASGI process does beside serving: news go through its loop, it hears those of other processes, and it balances where no
worker does.

Without Redis it does all periodic work. With Redis workers do, and it stands in for them in balancing: cuts must reach chargers,
and leases be renewed, whatever has failed.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID

from django.conf import settings

from evbalancer.common import topics, waking
from evbalancer.common.clocks import clock_watch
from evbalancer.ops.neighbours import Neighbours, listens_to_neighbours
from evbalancer.ops.periodic import ROWS
from evbalancer.ops.scheduler import Scheduler
from evbalancer.ops.stand_in import StandIn

_running: tuple[Scheduler, Callable[[UUID], object]] | None = None
_neighbours: Neighbours | None = None


def start() -> None:
    """On the server's running loop."""
    global _running, _neighbours  # noqa: PLW0603
    topics.send_on(asyncio.get_running_loop())
    clock_watch.begin_watch()
    if settings.BALANCE_RUNNER == "inprocess":
        scheduler = Scheduler(ROWS)
        _running = scheduler, scheduler.wake
    elif settings.BALANCE_RUNNER == "celery":
        # It asks a worker, too.
        waking.stop_answering(waking.ask_worker)
        stand_in = StandIn()
        _running = stand_in.scheduler, stand_in.answer_wake
    if _running is not None:
        scheduler, answer = _running
        waking.answer_wakes(answer)
        scheduler.start()
    if listens_to_neighbours():
        _neighbours = Neighbours()
        _neighbours.start()


async def stop() -> None:
    global _running, _neighbours  # noqa: PLW0603
    if _neighbours is not None:
        await asyncio.to_thread(_neighbours.stop)
        _neighbours = None
    if _running is not None:
        scheduler, answer = _running
        waking.stop_answering(answer)
        await scheduler.stop()
        _running = None
    clock_watch.end_watch()
    topics.send_on(None)
