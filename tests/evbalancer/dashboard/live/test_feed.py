import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from evbalancer.dashboard.live import feed as module
from evbalancer.dashboard.live.feed import QUEUED_EVENTS, Feed, Viewer, changes_between, feed_of, open_sockets

pytestmark = pytest.mark.services

A, B = {"id": "a", "power": 1}, {"id": "b", "power": 2}


class Subject:
    """Something that changes, and counts how often it is looked at."""

    def __init__(self) -> None:
        self.value = 1
        self.built = 0
        self.levels: list[set[str]] = []
        self.breaks = False

    def __call__(self, levels: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        self.built += 1
        self.levels.append(set(levels))
        if self.breaks:
            raise RuntimeError("the database is away")
        return {level: {"value": self.value, "level": level} for level in levels if level != "nothing"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILD_AT_MOST_EVERY_S", 0.02)
    monkeypatch.setattr(module, "LOOK_AGAIN_AFTER_S", 5.0)
    # These subjects have no database whose connections would have to be tidied.
    monkeypatch.setattr(module, "database_sync_to_async", sync_to_async)


@pytest.fixture
async def subject() -> Subject:
    return Subject()


@pytest.fixture
async def feed(subject: Subject) -> Feed:
    return Feed(subject, ["cluster.test"])


async def next_of(viewer: Viewer) -> Mapping[str, Any] | None:
    return await asyncio.wait_for(viewer.events.get(), 2)


async def hint() -> None:
    await asyncio.sleep(0.05)  # the listener subscribes in a task of its own
    await get_channel_layer().group_send("cluster.test", {"type": "topic.news", "kind": "x", "data": {}})


def test_changes_are_whole_sections_and_single_rows() -> None:
    before = {"headline": 1, "price": 5, "rows": [A, B]}
    after = {"headline": 2, "price": 5, "rows": [{"id": "a", "power": 9}]}
    assert changes_between(before, after) == [
        ("headline", 2),
        ("rows", {"changed": [{"id": "a", "power": 9}], "gone": ["b"]}),
    ]
    assert changes_between(after, after) == []


async def test_viewer_gets_a_snapshot_then_numbered_events(feed: Feed, subject: Subject) -> None:
    viewer = Viewer("all")
    feed.join(viewer)
    snapshot = await next_of(viewer)
    assert (snapshot["type"], snapshot["data"]) == ("snapshot", {"value": 1, "level": "all"})
    subject.value = 2
    await hint()
    event = await next_of(viewer)
    assert (event["type"], event["seq"], event["data"]) == ("value", snapshot["seq"] + 1, 2)
    feed.leave(viewer)


async def test_silence_is_a_numbered_beat(feed: Feed) -> None:
    viewer = Viewer("all")
    feed.join(viewer)
    snapshot = await next_of(viewer)
    await hint()
    beat = await next_of(viewer)
    assert (beat["type"], beat["seq"]) == ("beat", snapshot["seq"] + 1)
    feed.leave(viewer)


async def test_timer_replaces_a_lost_hint(
    feed: Feed, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_AFTER_S", 0.05)
    viewer = Viewer("all")
    feed.join(viewer)
    await next_of(viewer)
    assert (await next_of(viewer))["type"] == "beat"
    feed.leave(viewer)


async def test_many_viewers_cost_one_build(feed: Feed, subject: Subject) -> None:
    viewers = [Viewer("all") for _ in range(20)] + [Viewer("few")]
    for viewer in viewers:
        feed.join(viewer)
    for viewer in viewers:
        assert (await next_of(viewer))["data"]["level"] == viewer.level
    assert subject.built == 1
    assert subject.levels == [{"all", "few"}]
    for viewer in viewers:
        feed.leave(viewer)


async def test_late_viewer_gets_the_last_picture_without_a_build(feed: Feed, subject: Subject) -> None:
    first, second = Viewer("all"), Viewer("all")
    feed.join(first)
    seen = await next_of(first)
    feed.join(second)
    assert await next_of(second) == seen
    assert subject.built == 1
    feed.leave(first)
    feed.leave(second)


async def test_nothing_is_built_when_nobody_looks(feed: Feed, subject: Subject) -> None:
    viewer = Viewer("all")
    feed.join(viewer)
    await next_of(viewer)
    feed.leave(viewer)
    built = subject.built
    await hint()
    await asyncio.sleep(0.1)
    assert subject.built == built
    assert feed.viewers == 0


async def test_slow_viewer_loses_events_and_can_see_the_gap() -> None:
    viewer = Viewer("all")
    for seq in range(QUEUED_EVENTS + 1):
        viewer.put({"seq": seq})
    assert viewer.events.qsize() == 1
    assert (await next_of(viewer)) == {"seq": QUEUED_EVENTS}


async def test_level_with_nothing_to_see_is_told_so(feed: Feed) -> None:
    viewer = Viewer("nothing")
    feed.join(viewer)
    assert await next_of(viewer) is None
    feed.leave(viewer)


async def test_feed_survives_a_build_that_fails(
    feed: Feed, subject: Subject, caplog: pytest.LogCaptureFixture
) -> None:
    subject.breaks = True
    viewer = Viewer("all")
    feed.join(viewer)
    await hint()
    assert viewer.events.empty()
    subject.breaks = False
    await hint()
    assert (await next_of(viewer))["type"] == "snapshot"
    assert "Could not build a live picture" in caplog.text
    feed.leave(viewer)


async def test_feed_is_shared_by_key_and_forgotten_when_idle(subject: Subject) -> None:
    made: list[Feed] = []

    def make() -> Feed:
        made.append(Feed(subject, []))
        return made[-1]

    viewer = Viewer("all")
    feed_of("one", make).join(viewer)
    assert feed_of("one", make) is made[0]
    assert open_sockets() == 1
    feed_of("two", make)
    assert feed_of("one", make) is made[0]
    made[0].leave(viewer)
    assert open_sockets() == 0
    assert feed_of("three", make) is made[2]
    assert feed_of("one", make) is made[3]
