"""All open sockets of this process: nudges reach them, their leases are renewed, their queues are looked at."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.conf import settings

from chargers.domain.orders import commands, delivery
from chargers.domain.sessions import zombies
from chargers.domain.sockets import connections, pending
from chargers.ocpp.sockets.link import Link
from chargers.ocpp.writer import Writer, WriterStopped
from evbalancer.common import topics

logger = logging.getLogger(__name__)

POLL_S = 2.0
RENEW_S = 15.0
RENEW_PAUSE_S = 1.0
RENEWED_TOGETHER = 50
JANITOR_S = 60.0
FIRST_WORD_S = 1.0
# One after the other: one that fails keeps no other from its turn.
JANITORS: tuple[tuple[float, Callable[..., object]], ...] = (
    (RENEW_S, connections.end_lapsed_leases),
    (RENEW_S, connections.greet_the_silent),
    (RENEW_S, pending.forget_lapsed),
    (RENEW_S, delivery.expire_unsent),
    (RENEW_S, delivery.lose_orphaned),
    (JANITOR_S, zombies.end_zombies),
)
REPLACED = (1000, "A newer connection of this charge point is open.")
CUT_OFF = (1008, "Its credentials are no longer valid.")


class Switchboard:
    """One listener on the channel layer for all sockets of the process, not one a socket: that would be memory."""

    def __init__(self, writer: Writer, *, decided: Callable[[UUID], None]) -> None:
        self._writer = writer
        self._decided = decided
        self._links: dict[UUID, Link] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._layer: Any = None
        self._channel = ""

    async def start(self) -> None:
        if settings.REDIS_URL:
            self._spawn(partial(topics.listen, commands.CHARGERS_TOPIC, self._hear))
        else:
            await self._join_layer()
        self._every(POLL_S, self._poll)
        self._every(RENEW_PAUSE_S, self._renew)
        for wait_s, job in JANITORS:
            self._every(wait_s, partial(self._run, job))

    async def _join_layer(self) -> None:
        layer = get_channel_layer()
        if layer is not None:
            self._layer = layer
            self._channel = await layer.new_channel()
            await self._subscribe()
            self._spawn(self._listen)
            self._every(float(getattr(layer, "group_expiry", 86_400)) / 2, self._subscribe)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def links(self) -> list[Link]:
        return list(self._links.values())

    def enter(self, link: Link) -> None:
        """A socket opened. An older one of the same charge point in this process is closed at once."""
        older = self._links.get(link.source.charge_point_id)
        self._links[link.source.charge_point_id] = link
        if older is not None:
            self._close_soon(older, REPLACED)
        asyncio.get_running_loop().call_later(FIRST_WORD_S, link.may_be_asked)

    def leave(self, link: Link) -> None:
        """A socket is gone; a newer one of the same charge point stays."""
        if self._links.get(link.source.charge_point_id) is link:
            del self._links[link.source.charge_point_id]

    def _close_soon(self, link: Link, why: tuple[int, str]) -> None:
        task = asyncio.create_task(link.close(*why))
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    # Nudges

    async def _listen(self) -> None:
        while True:
            message = await self._layer.receive(self._channel)
            self._hear(message.get("kind", ""), message.get("data", {}))

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "command":
            for charge_point_id in data["charge_point_ids"]:
                link = self._links.get(UUID(charge_point_id))
                if link is not None:
                    link.poke()
        elif kind == "cut_off":
            link = self._links.get(UUID(data["charge_point_id"]))
            if link is not None:
                self._close_soon(link, CUT_OFF)
        elif kind == "decided":
            self._decided(UUID(data["pending_id"]))
        elif kind == "opened":
            mine = {charge_point_id: self._links.get(UUID(charge_point_id)) for charge_point_id in data}
            # It opened in another process; or this is news of an older socket than ours, and the database knows.
            doubtful = [
                link
                for charge_point_id, link in mine.items()
                if link is not None and data[charge_point_id] != str(link.source.connection_id)
            ]
            if doubtful:
                task = asyncio.create_task(self._renew_links(doubtful))
                self._tasks.append(task)
                task.add_done_callback(self._tasks.remove)

    async def _subscribe(self) -> None:
        # Again and again, since the layer forgets its members after a while, traffic or not.
        await self._layer.group_add(commands.CHARGERS_TOPIC, self._channel)

    # What does not depend on nudges

    async def _poll(self) -> None:
        if self._links:
            for charge_point_id in await self._writer.call(_waiting):
                link = self._links.get(charge_point_id)
                if link is not None:
                    link.poke()

    async def _renew(self) -> None:
        # In slices over the whole interval: messages that come meanwhile wait for one slice and not for all.
        links = self.links
        slices = [links[at : at + RENEWED_TOGETHER] for at in range(0, len(links), RENEWED_TOGETHER)]
        for some in slices:
            await self._renew_links(some)
            await asyncio.sleep(RENEW_S / (len(slices) + 1))

    async def _renew_links(self, links: list[Link]) -> None:
        leases = {link.source.connection_id: link for link in links if not link.closed}
        if not leases:
            return
        mine = [link.lease for link in leases.values()]
        replaced = await self._writer.call(lambda: connections.renew_leases(mine, now=datetime.now(UTC)))
        for lease in replaced:
            await leases[lease.source.connection_id].close(*REPLACED)

    async def _run(self, job: Callable[..., object]) -> None:
        await self._writer.call(lambda: job(now=datetime.now(UTC)))

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(_survive(work)))

    def _every(self, wait_s: float, work: Callable[[], Awaitable[None]]) -> None:
        async def repeat() -> None:
            while True:
                await asyncio.sleep(wait_s)
                await work()

        self._spawn(repeat)


async def _survive(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except WriterStopped:
            return
        except Exception:
            logger.exception("The switchboard goes on after an error")
            await asyncio.sleep(1)


def _waiting() -> set[UUID]:
    return set(commands.read_queue(now=datetime.now(UTC)).values())
