import asyncio
import json
import socket
import time
from contextlib import aclosing
from uuid import uuid4

import aiomqtt
import pytest

from grid.enums import MeterSource, MeterUnit
from grid.readers import mqtt
from grid.readers.kinds import first
from grid.readers.mqtt import value_of
from grid.readers.source import ReadError, TopicPlace, Trouble
from tests.grid.readers.conftest import source

BROKER = ("127.0.0.1", 1883)


def _answers() -> bool:
    try:
        socket.create_connection(BROKER, timeout=0.5).close()
    except OSError:
        return False
    return True


broker = pytest.mark.skipif(not _answers(), reason="No MQTT broker on 127.0.0.1:1883.")


@pytest.fixture
def prefix() -> str:
    return f"evbalancer-test/{uuid4()}"


async def heard(places, *messages: tuple[str, str, bool], **changes: object):
    """What the reader makes of messages that come while it listens; said again until it does."""

    async def say() -> None:
        async with aiomqtt.Client(*BROKER) as client:
            while True:
                for topic, payload, retain in messages:
                    await client.publish(topic, payload, retain=retain)
                await asyncio.sleep(0.05)

    saying = asyncio.create_task(say())
    try:
        return await first(source(MeterSource.MQTT, BROKER[1], places=places, **changes))
    finally:
        saying.cancel()


@broker
async def test_plain_value_a_phase(prefix):
    topics = [f"{prefix}/{phase}" for phase in range(3)]
    places = tuple(TopicPlace(topic, "") for topic in topics)
    messages = [(topic, value, False) for topic, value in zip(topics, ("2300", "-460", "0"), strict=True)]
    assert await heard(places, *messages) == (10_000, -2_000, 0)


@broker
async def test_json_with_pointers_in_amperes(prefix):
    body = json.dumps({"em:0": {"a/b": [{"current": 7.5}]}, "c": 2})
    places = (TopicPlace(prefix, "/em:0/a~1b/0/current"), TopicPlace(prefix, "/c"), None)
    assert await heard(places, (prefix, body, False), unit=MeterUnit.AMPERE) == (7_500, 2_000, None)


@broker
async def test_what_the_broker_kept_from_earlier_is_no_reading(prefix):
    async with aiomqtt.Client(*BROKER) as client:
        await client.publish(prefix, "99999", retain=True)
        try:
            places = (TopicPlace(prefix, ""), None, None)
            assert await heard(places, (prefix, "230", False)) == (1_000, None, None)
        finally:
            await client.publish(prefix, None, retain=True)


@broker
async def test_message_without_a_number_is_said(prefix):
    with pytest.raises(ReadError, match="no number"):
        await heard((TopicPlace(prefix, "/power"), None, None), (prefix, '{"power": "high"}', False))


async def test_broker_that_is_not_there_is_said(unused_tcp_port):
    with pytest.raises(ReadError, match="does not answer"):
        await first(source(MeterSource.MQTT, unused_tcp_port, places=(TopicPlace("x", ""), None, None)))


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        (b"", ""),
        (b"true", ""),
        (b"NaN", ""),
        (b"{}", "/x"),
        (b"[1]", "/7"),
        (b"x" * 70_000, ""),
        (b"[" * 9_000, ""),
        (None, ""),
    ],
)
def test_value_that_is_no_finite_number_is_refused(payload, pointer):
    with pytest.raises(ReadError):
        value_of(payload, pointer)


async def spoken(places, script, *, count: int, **changes: object):
    """The reader's first `count` results while `script` publishes with the client it is given."""
    found = []
    async with aiomqtt.Client(*BROKER) as client:
        reader = mqtt.readings(source(MeterSource.MQTT, BROKER[1], places=places, **changes))
        async with asyncio.timeout(15), aclosing(reader):
            # The first result shows that the reader has subscribed: a message that is no reading, until it is heard.
            ready = asyncio.ensure_future(anext(reader))
            while not ready.done():
                await client.publish(next(place.topic for place in places if place), "?")
                await asyncio.wait([ready], timeout=0.05)
            assert isinstance(ready.result(), Trouble)
            saying = asyncio.create_task(script(client))
            try:
                while len(found) < count:
                    each = await anext(reader)
                    if not (isinstance(each, Trouble) and each == ready.result()):
                        found.append(each)
            finally:
                saying.cancel()
    return found


@broker
async def test_topics_that_are_published_together_are_one_reading(prefix):
    places = tuple(TopicPlace(f"{prefix}/{phase}", "") for phase in range(3))

    async def say(client):
        for value in ("230", "460", "690"):
            for place in places:
                await client.publish(place.topic, value)

    assert await spoken(places, say, count=3) == [(each,) * 3 for each in (1_000, 2_000, 3_000)]


@broker
async def test_phase_that_is_published_on_change_only_keeps_its_value(prefix, monkeypatch):
    monkeypatch.setattr(mqtt, "BURST_S", 0.1)
    monkeypatch.setattr(mqtt, "REPEAT_S", 0.2)
    places = (TopicPlace(f"{prefix}/1", "", keep_s=600), TopicPlace(f"{prefix}/2", "", keep_s=600), None)

    async def say(client):
        await client.publish(f"{prefix}/1", "230")
        await client.publish(f"{prefix}/2", "460")

    # Said once, and read again and again.
    assert await spoken(places, say, count=3) == [(1_000, 2_000, None)] * 3


@broker
async def test_foreign_message_is_named_and_passed_over(prefix):
    async def say(client):
        await client.publish(prefix, "offline")
        await client.publish(prefix, "230")

    # `spoken` asserts that a message without a number came out as what it is.
    assert await spoken((TopicPlace(prefix, ""), None, None), say, count=1) == [(1_000, None, None)]


@broker
@pytest.mark.parametrize(("age_s", "is_taken"), [(60, True), (700, False)])
async def test_kept_message_counts_by_its_own_time(prefix, age_s, is_taken):
    place = TopicPlace(prefix, "/w", keep_s=600, time_pointer="/ts")
    async with aiomqtt.Client(*BROKER) as client:
        await client.publish(prefix, json.dumps({"w": 230, "ts": (time.time() - age_s) * 1000}), retain=True)
        try:
            if is_taken:
                assert await first(source(MeterSource.MQTT, BROKER[1], places=(place, None, None))) == (
                    1_000,
                    None,
                    None,
                )
            else:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await first(source(MeterSource.MQTT, BROKER[1], places=(place, None, None)))
        finally:
            await client.publish(prefix, None, retain=True)


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [("127.0.0.1", None, "nobody listens"), ("no-such-host.invalid", 1883, "no-such-host.invalid")],
)
async def test_broker_that_can_not_be_reached_is_said_why(unused_tcp_port, host, port, said):
    with pytest.raises(ReadError, match=said):
        await first(
            source(
                MeterSource.MQTT, port or unused_tcp_port, host=host, places=(TopicPlace("x", ""), None, None)
            )
        )


@broker
async def test_broker_without_tls_is_said():
    with pytest.raises(ReadError, match=r"does not speak TLS|no broker or wants TLS|ended the connection"):
        await first(source(MeterSource.MQTT, BROKER[1], tls=True, places=(TopicPlace("x", ""), None, None)))
