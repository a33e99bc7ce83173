"""Telling screens and other processes that something happened, after commit, through the channel layer.

A topic is a hint and never the record: the layer may drop or lose it, so every reader can also look in the
database (sockets ask for a new snapshot after a gap, consumers poll their command rows).
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from uuid import UUID

import redis
import redis.asyncio
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

from evbalancer.common.db import news

logger = logging.getLogger(__name__)

# Heard by every server, and at once. With Redis these are published: one round trip from any thread, where a group of the
# layer takes four and, outside the server, an event loop of its own. Without it they go through the layer in this process and,
# with PostgreSQL, through the database to others.
CHARGERS: Final = "chargers"
PUBLISHED: Final = frozenset({CHARGERS})
# Of charge points or sockets by their ids, with which a message stays below `news.MOST_BYTES`.
MOST_NAMED: Final = 80
MUTE_S: Final = 1.0
PATIENCE_S: Final = 2.0

_mute_until_s = 0.0
_server_loop: asyncio.AbstractEventLoop | None = None
_sending: set[asyncio.Task[None]] = set()
# What is ours comes back through the database.
_SENDER: Final = secrets.token_hex(8)


def cluster_topic(cluster_id: UUID) -> str:
    return f"cluster.{cluster_id}"


def driver_topic(driver_id: UUID) -> str:
    return f"driver.{driver_id}"


def tell(topic: str, kind: str, **data: Any) -> None:
    """After commit, send `{type: kind, ...data}` to everyone who listens to `topic`. Values must be JSON's."""
    message = {"type": "topic.news", "kind": kind, "data": data}
    if topic in PUBLISHED and not settings.REDIS_URL and news.can_send():
        news.send_news(json.dumps({"sender": _SENDER, "topic": topic, "message": message}))
    transaction.on_commit(lambda: _send(topic, message), robust=True)


def pass_on(text: str) -> None:
    """Hand news of another process to those who listen in this one. Any thread may call this."""
    told = json.loads(text)
    if told["sender"] != _SENDER:
        _send(told["topic"], told["message"])


def tell_here(topic: str, kind: str, **data: Any) -> None:
    """The same as `tell`, at once and in this process alone."""
    _send(topic, {"type": "topic.news", "kind": kind, "data": data})


def send_on(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send from now on through this running loop (the ASGI server's own), or directly when None.

    The in-memory layer delivers seconds late when another thread's loop puts a message into its queues.
    """
    global _server_loop  # noqa: PLW0603
    _server_loop = loop


async def listen(topic: str, hear: Callable[[str, dict[str, Any]], None]) -> None:
    """Call `hear(kind, data)` for each message of a published topic, until cancelled or Redis is gone."""
    # redis-py would end an idle receiver after 5 s.
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL, socket_timeout=None, socket_keepalive=True)
    async with client, client.pubsub(ignore_subscribe_messages=True) as line:
        await line.subscribe(_line(topic))
        async for news in line.listen():
            message = json.loads(news["data"])
            hear(message["kind"], message["data"])


@cache
def _publisher() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _line(topic: str) -> str:
    # Redis publishes across its numbered databases, installations don't.
    return f"evbalancer.{_publisher().connection_pool.connection_kwargs.get('db', 0)}.{topic}"


def _publish(topic: str, message: dict[str, Any]) -> None:
    global _mute_until_s  # noqa: PLW0603
    if time.monotonic() < _mute_until_s:
        return
    try:
        _publisher().publish(_line(topic), json.dumps(message))
    except redis.RedisError:
        # One who waits for Redis is enough for a while: hundreds of commands are queued in a row.
        _mute_until_s = time.monotonic() + MUTE_S
        logger.warning("Could not tell topic %s", topic, exc_info=True)


def _send(topic: str, message: dict[str, Any]) -> None:
    if topic in PUBLISHED and settings.REDIS_URL:
        _publish(topic, message)
    elif _server_loop is not None and not _server_loop.is_closed():
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
        # A Redis that is frozen or cut off says nothing at all: each hint would wait for it on a connection of its own.
        async with asyncio.timeout(PATIENCE_S):
            await layer.group_send(topic, message)
    except Exception:
        # A lost hint is harmless (see above), a failed request because of one is not.
        logger.exception("Could not tell topic %s", topic)
