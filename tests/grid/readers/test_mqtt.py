import asyncio
import json
import socket
from uuid import uuid4

import aiomqtt
import pytest

from grid.enums import MeterSource, MeterUnit
from grid.readers.kinds import first
from grid.readers.mqtt import value_of
from grid.readers.source import ReadError, TopicPlace
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
    assert await heard(places, (prefix, body, False), unit=MeterUnit.AMPERE) == (7_500, 2_000, 0)


@broker
async def test_what_the_broker_kept_from_earlier_is_no_reading(prefix):
    async with aiomqtt.Client(*BROKER) as client:
        await client.publish(prefix, "99999", retain=True)
        try:
            places = (TopicPlace(prefix, ""), None, None)
            assert await heard(places, (prefix, "230", False)) == (1_000, 0, 0)
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
