"""Readings from an MQTT broker: a topic a phase, or one whose JSON holds them all."""

import asyncio
import json
import math
import ssl
import time
from collections.abc import AsyncGenerator
from typing import Any

import aiomqtt

from evbalancer.common.units import PhaseMilliamps
from grid.readers.source import TIMEOUT_S, ReadError, Source, TopicPlace

LARGEST = 64 * 1024
# Values of three topics belong together when they are no older than this.
TOGETHER_S = 30


async def readings(source: Source) -> AsyncGenerator[PhaseMilliamps, None]:
    """Raises ReadError when the broker does not answer or says no."""
    places = [place for place in source.places if isinstance(place, TopicPlace)]
    tls = ssl.create_default_context() if source.tls else None
    # What the broker kept from earlier says nothing of now, and a client of our own gets no backlog.
    client = aiomqtt.Client(
        source.host,
        source.port,
        username=source.username or None,
        password=source.password or None,
        tls_context=tls,
        timeout=TIMEOUT_S,
        keepalive=20,
        max_queued_incoming_messages=100,
    )
    known: dict[int, tuple[float, float]] = {}
    try:
        async with client:
            for topic in {place.topic for place in places}:
                await client.subscribe(topic)
            async for message in client.messages:
                if not message.retain and _take(source, str(message.topic), message.payload, known):
                    yield source.current_ma(_values(source, known))
                    await asyncio.sleep(0)
    except (aiomqtt.MqttError, OSError) as error:
        raise ReadError(f"The broker does not answer or refuses: {type(error).__name__}.") from error


def _take(source: Source, topic: str, payload: Any, known: dict[int, tuple[float, float]]) -> bool:
    """Remember the message's values; whether all phases are known now."""
    now = time.monotonic()
    for phase, place in enumerate(source.places):
        if isinstance(place, TopicPlace) and place.topic == topic:
            known[phase] = (now, value_of(payload, place.pointer))
    wanted = [phase for phase, place in enumerate(source.places) if place is not None]
    return all(phase in known and now - known[phase][0] <= TOGETHER_S for phase in wanted)


def _values(source: Source, known: dict[int, tuple[float, float]]) -> tuple[float, float, float]:
    one, two, three = (known[phase][1] if phase in known else 0.0 for phase in range(3))
    return one, two, three


def value_of(payload: Any, pointer: str) -> float:
    """The number in a message, by a JSON pointer (RFC 6901) where there is one. Raises ReadError."""
    if not isinstance(payload, bytes | str) or len(payload) > LARGEST:
        raise ReadError("The message is no text, or too long.")
    try:
        found: Any = json.loads(payload)
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
        value = float(found) if not isinstance(found, bool) else math.nan
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ReadError("The message holds no number where it should.") from error
    if not math.isfinite(value):
        raise ReadError("The message holds no finite number.")
    return value
