"""The browsers' sockets: they find out who looks, join the feed, and look again whether that still holds."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import override

from drivers.models import User
from evbalancer.common.topics import cluster_topic, driver_topic
from evbalancer.dashboard.live.access import Person, clusters_in_use, rights_on
from evbalancer.dashboard.live.driver_snapshots import build_driver_picture, drivers_of
from evbalancer.dashboard.live.feed import Feed, Viewer, feed_of
from evbalancer.dashboard.live.identity import Credential, has_origin, is_own_origin, language_of
from evbalancer.dashboard.live.snapshots import ClusterPictures, level_of
from grid.models import Cluster

logger = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 20.0  # an ended session closes within a minute
TOKEN_WITHIN_S: Final = 10.0
SNAPSHOT_AT_MOST_EVERY_S: Final = 1.0
LONGEST_MESSAGE: Final = 8_192

BAD_MESSAGE: Final = 4400
SIGN_IN: Final = 4401
GONE: Final = 4404
BROKEN: Final = 1011


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a person may look: at the feed called `key`, which `make` makes, at the picture of `level`."""

    key: str
    level: str
    make: Callable[[], Feed]


class LiveConsumer(AsyncWebsocketConsumer):
    """Session cookie with a checked Origin, or `{"type": "authenticate", "data": {"token": ...}}` as a message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._credential = Credential()
        self._seat: Seat | None = None
        self._signed_in = False
        self._feed: Feed | None = None
        self._viewer: Viewer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._snapshot_asked_at = 0.0

    @cached_property
    def language(self) -> str:
        return language_of(self.scope["headers"])

    def seat_for(self, person: Person) -> Seat | None:
        """Database work. None: there is nothing for this person here."""
        raise NotImplementedError

    async def connect(self) -> None:
        headers = self.scope["headers"]
        cookie = Credential.of_headers(headers)
        if has_origin(headers) and not is_own_origin(headers):
            return await self._refuse(403)
        if not has_origin(headers):
            # No browser, or one that hides where it comes from: a cookie proves nothing then, a JWT does.
            if cookie.session_key:
                return await self._refuse(403)
            await self.accept()
            return self._spawn(self._wait_for_token())
        self._credential = cookie
        person, seat = await self._look_up()
        if seat is None and isinstance(person, User):
            return await self._refuse(404)
        await self.accept()
        if seat is None:
            return self._spawn(self._wait_for_token())
        return self._sit(person, seat)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = json.loads(text_data or "") if len(text_data or "") <= LONGEST_MESSAGE else None
        except (ValueError, RecursionError):
            message = None
        match message:
            case {"type": "snapshot"} if self._feed is not None and self._viewer is not None:
                self._send_snapshot(self._feed, self._viewer)
            case {"type": "authenticate", "data": {"token": str(token)}}:
                await self._authenticate(token)
            case _:
                await self.close(BAD_MESSAGE)

    async def disconnect(self, code: int) -> None:
        self._stand_up()
        for task in self._tasks:
            task.cancel()

    async def close(self, code: Any = None, reason: str | None = None) -> None:
        # Nothing is built for somebody who is on the way out.
        self._stand_up()
        with suppress(OSError):  # the browser was quicker
            await super().close(code, reason)

    def _send_snapshot(self, feed: Feed, viewer: Viewer) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._snapshot_asked_at >= SNAPSHOT_AT_MOST_EVERY_S:
            self._snapshot_asked_at = now_s
            feed.ask_snapshot(viewer)

    async def _authenticate(self, token: str) -> None:
        self._credential = Credential(token=token)
        person, seat = await self._look_up()
        if isinstance(person, AnonymousUser):
            await self.close(SIGN_IN)
        elif seat is None:
            await self.close(GONE)
        else:
            self._sit(person, seat)

    def _sit(self, person: Person, seat: Seat) -> None:
        first = self._seat is None
        self._stand_up()
        self._seat, self._signed_in = seat, isinstance(person, User)
        self._viewer = Viewer(seat.level)
        self._feed = feed_of(seat.key, seat.make)
        self._feed.join(self._viewer)
        self._spawn(self._pump(self._viewer))
        if first:
            self._spawn(self._keep_looking_up())

    def _stand_up(self) -> None:
        if self._feed is not None and self._viewer is not None:
            self._feed.leave(self._viewer)
            self._viewer.put(None)  # wakes its pump, which sees that it is out of date
        self._feed = self._viewer = None

    async def _pump(self, viewer: Viewer) -> None:
        while True:
            event = await viewer.events.get()
            if viewer is not self._viewer:
                return
            if event is None:
                await self.close(GONE)
                return
            try:
                await self.send(json.dumps(event, separators=(",", ":")))
            except OSError:
                # ASGI's word for a browser that left; the news of it comes to `disconnect`.
                return

    async def _wait_for_token(self) -> None:
        await asyncio.sleep(TOKEN_WITHIN_S)
        if self._seat is None:
            await self.close(SIGN_IN)

    async def _keep_looking_up(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            try:
                person, seat = await self._look_up()
            except Exception:
                # Whether the rights still hold is unknown, and unknown is unsafe; the page reconnects.
                logger.exception("Could not check a viewer's rights again")
                await self.close(BROKEN)
                return
            if self._signed_in and not isinstance(person, User):
                await self.close(SIGN_IN)
                return
            if seat is None:
                await self.close(GONE)
                return
            if self._seat is not None and (seat.key, seat.level) != (self._seat.key, self._seat.level):
                self._sit(person, seat)

    async def _look_up(self) -> tuple[Person, Seat | None]:
        return await database_sync_to_async(self._look_up_now)()

    def _look_up_now(self) -> tuple[Person, Seat | None]:
        person = self._credential.person(now=datetime.now(UTC))
        return person, self.seat_for(person)

    async def _refuse(self, status: int) -> None:
        """A real status where the server can send one; a bare close becomes 403."""
        if "websocket.http.response" in (self.scope.get("extensions") or {}):
            await self._answer({"type": "websocket.http.response.start", "status": status, "headers": []})
            await self._answer({"type": "websocket.http.response.body", "body": b""})
        else:
            await self.close()

    async def _answer(self, message: Any) -> None:
        # The types of channels do not know the extension's messages.
        await self.base_send(message)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class ClusterConsumer(LiveConsumer):
    """`/ws/cluster/<id>`: everything that the page at / shows."""

    def seat_for(self, person: Person) -> Seat | None:
        cluster_id: UUID = self.scope["url_route"]["kwargs"]["cluster_id"]
        cluster = clusters_in_use().filter(pk=cluster_id).first()
        rights = rights_on(cluster, person) if cluster is not None else None
        if rights is None:
            return None
        return Seat(
            f"cluster:{cluster_id}", level_of(rights, self.language), lambda: _cluster_feed(cluster_id)
        )


class DriverConsumer(LiveConsumer):
    """`/ws/driver`: charging progress, slots and grid alerts of the person who is signed in."""

    def seat_for(self, person: Person) -> Seat | None:
        if not isinstance(person, User):
            return None
        driver_ids = list(drivers_of(person.pk).values_list("pk", flat=True))
        clusters = Cluster.objects.filter(
            community__in=drivers_of(person.pk).values("community"), retired_at=None
        )
        cluster_ids = list(clusters.values_list("pk", flat=True))
        if not driver_ids:
            return None
        topics = [*map(driver_topic, driver_ids), *map(cluster_topic, cluster_ids)]

        def make() -> Feed:
            return Feed(lambda levels: _driver_pictures(person.pk, levels), topics)

        return Seat(f"driver:{person.pk}", self.language, make)


def _cluster_feed(cluster_id: UUID) -> Feed:
    return Feed(ClusterPictures(cluster_id), [cluster_topic(cluster_id)])


def _driver_pictures(user_id: int, levels: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
    now = datetime.now(UTC)
    pictures = {}
    for language in levels:
        with override(language):
            pictures[language] = build_driver_picture(user_id, now=now)
    return {language: picture for language, picture in pictures.items() if picture is not None}
