"""One picture for many viewers: built at most once a second, only while somebody looks, sent as what changed."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

Picture = Mapping[str, Any]
# Pictures by level of rights; a level that is missing has nothing to see any more.
Build = Callable[[Collection[str]], Mapping[str, Picture]]

BUILD_AT_MOST_EVERY_S: Final = 1.0
LOOK_AGAIN_AFTER_S: Final = 2.5  # hints may be lost
QUEUED_EVENTS: Final = 64
RESUBSCRIBE_S: Final = 600.0  # the layer forgets its members after a day, traffic or not
LAYER_RETRY_S: Final = 5.0
ROWS: Final = "rows"


class Viewer:
    """One socket's end of a feed. Who reads too slowly loses events, sees the gap and asks for a snapshot."""

    def __init__(self, level: str) -> None:
        self.level = level
        self.wants_snapshot = True
        self.events: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue(QUEUED_EVENTS)

    def put(self, event: Mapping[str, Any] | None) -> None:
        """Queue an event; None says that there is nothing to see any more."""
        if self.events.full():
            while not self.events.empty():
                self.events.get_nowait()
        self.events.put_nowait(event)


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture on the screens of one level's viewers."""

    picture: Picture
    seq: int
    at: datetime

    def snapshot(self) -> Mapping[str, Any]:
        return event("snapshot", self.seq, self.at, self.picture)


def event(kind: str, seq: int, at: datetime, data: Any) -> Mapping[str, Any]:
    return {"type": kind, "seq": seq, "at": at.isoformat(), "data": data}


class Feed:
    """Builds the pictures of one subject and hands every viewer a snapshot, then numbered events."""

    def __init__(self, build: Build, topics: Sequence[str]) -> None:
        self._build = build
        self._topics = topics
        self._viewers: set[Viewer] = set()
        self._shown: dict[str, Shown] = {}
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def join(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)
        self.ask_snapshot(viewer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        if not self._viewers and self._task is not None:
            self._task.cancel()
            self._task = None

    def ask_snapshot(self, viewer: Viewer) -> None:
        """The last picture when there is a live one, else the next."""
        if viewer.level in self._shown and self._task is not None:
            viewer.wants_snapshot = False
            viewer.put(self._shown[viewer.level].snapshot())
        else:
            viewer.wants_snapshot = True
            self._hint.set()

    async def _run(self) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            while self._viewers:
                self._hint.clear()
                await self._refresh()
                await asyncio.sleep(BUILD_AT_MOST_EVERY_S)
                try:
                    await asyncio.wait_for(self._hint.wait(), LOOK_AGAIN_AFTER_S - BUILD_AT_MOST_EVERY_S)
                except TimeoutError:
                    continue
        finally:
            listening.cancel()

    async def _refresh(self) -> None:
        levels = {viewer.level for viewer in self._viewers}
        try:
            pictures = await database_sync_to_async(self._build)(levels)
        except Exception:
            # The page notices the silence and says so; the next look may succeed.
            logger.exception("Could not build a live picture")
            return
        at = datetime.now(UTC)
        for level in levels:
            self._show(level, pictures.get(level), at)
        for level in set(self._shown) - levels:
            del self._shown[level]

    def _show(self, level: str, picture: Picture | None, at: datetime) -> None:
        viewers = [viewer for viewer in self._viewers if viewer.level == level]
        if picture is None:
            for viewer in viewers:
                viewer.put(None)
            return
        before = self._shown.get(level, Shown(picture, 0, at))
        changes = changes_between(before.picture, picture) or [("beat", {})]
        events = [
            event(kind, seq, at, data) for seq, (kind, data) in enumerate(changes, start=before.seq + 1)
        ]
        shown = self._shown[level] = Shown(picture, before.seq + len(events), at)
        for viewer in viewers:
            for news in [shown.snapshot()] if viewer.wants_snapshot else events:
                viewer.put(news)
            viewer.wants_snapshot = False

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_for_a_while()
            except Exception:
                logger.exception("The channel layer fails; screens are refreshed by the timer")
                await asyncio.sleep(LAYER_RETRY_S)

    async def _listen_for_a_while(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            await asyncio.sleep(RESUBSCRIBE_S)
            return
        channel = await layer.new_channel()
        for topic in self._topics:
            await layer.group_add(topic, channel)
        try:
            async with asyncio.timeout(RESUBSCRIBE_S):
                while True:
                    await layer.receive(channel)
                    self._hint.set()
        except TimeoutError:
            return
        finally:
            for topic in self._topics:
                await layer.group_discard(topic, channel)


def changes_between(before: Picture, after: Picture) -> list[tuple[str, Any]]:
    """Sections that differ, each whole; of the rows only those that differ, and the ids that are gone."""
    changes: list[tuple[str, Any]] = []
    for section, data in after.items():
        if section == ROWS:
            old = {row["id"]: row for row in before.get(ROWS, ())}
            changed = [row for row in data if old.get(row["id"]) != row]
            gone = [pk for pk in old if pk not in {row["id"] for row in data}]
            if changed or gone:
                changes.append((ROWS, {"changed": changed, "gone": gone}))
        elif before.get(section) != data:
            changes.append((section, data))
    return changes


# A feed's tasks and events belong to the loop that made them.
_feeds: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Feed]] = WeakKeyDictionary()


def feed_of(key: str, make: Callable[[], Feed]) -> Feed:
    """The feed that everybody in this process shares for `key`; made when nobody looked before."""
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    for idle in [name for name, feed in feeds.items() if not feed.viewers and name != key]:
        del feeds[idle]
    if key not in feeds:
        feeds[key] = make()
    return feeds[key]


def open_sockets() -> int:
    return sum(feed.viewers for feeds in _feeds.values() for feed in feeds.values())
