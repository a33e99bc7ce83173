"""Telling screens and other processes that something happened, after commit, through the channel layer.

A topic is a hint and never the record: the layer may drop or lose it, so every reader can also look in the
database (sockets ask for a new snapshot after a gap, consumers poll their command rows).
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)

_wakers: list[Callable[[UUID], None]] = []
_server_loop: asyncio.AbstractEventLoop | None = None
_sending: set[asyncio.Task[None]] = set()


def cluster_topic(cluster_id: UUID) -> str:
    return f"cluster.{cluster_id}"


def driver_topic(driver_id: UUID) -> str:
    return f"driver.{driver_id}"


def wake_mark(cluster_id: UUID) -> str:
    """Cache key: a rebalance of this cluster is asked for and has not begun."""
    return f"wake.{cluster_id}"


def tell(topic: str, kind: str, **data: Any) -> None:
    """After commit, send `{type: kind, ...data}` to everyone who listens to `topic`. Values must be JSON's."""
    transaction.on_commit(
        lambda: _send(topic, {"type": "topic.news", "kind": kind, "data": data}), robust=True
    )


def wake_balancer(cluster_id: UUID) -> None:
    """After commit, ask whoever runs rebalances here to look at this cluster soon."""
    for waker in _wakers:
        transaction.on_commit(lambda waker=waker: waker(cluster_id), robust=True)  # type: ignore[misc]


def on_balancer_wake(waker: Callable[[UUID], None]) -> None:
    """Register who hears `wake_balancer`; done once, by the composition (Celery or the in-process scheduler)."""
    _wakers.append(waker)


def forget_balancer_wake(waker: Callable[[UUID], None]) -> None:
    if waker in _wakers:
        _wakers.remove(waker)


def send_on(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send from now on through this running loop (the ASGI server's own), or directly when None.

    The in-memory layer delivers seconds late when another thread's loop puts a message into its queues.
    """
    global _server_loop  # noqa: PLW0603
    _server_loop = loop


def _send(topic: str, message: dict[str, Any]) -> None:
    if _server_loop is not None and not _server_loop.is_closed():
        _server_loop.call_soon_threadsafe(_send_soon, topic, message)
    else:
        async_to_sync(_send_now)(topic, message)


def _send_soon(topic: str, message: dict[str, Any]) -> None:
    task = asyncio.ensure_future(_send_now(topic, message))
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _send_now(topic: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        await layer.group_send(topic, message)
    except Exception:
        # A lost hint is harmless (see above), a failed request because of one is not.
        logger.exception("Could not tell topic %s", topic)
