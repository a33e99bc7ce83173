"""Readings from an MQTT broker: a topic a phase, or one whose JSON holds them all."""

import asyncio
import json
import math
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiomqtt
from django.utils.dateparse import parse_datetime
from paho.mqtt.reasoncodes import ReasonCode

from grid.domain.readings import Measured
from grid.readers.source import TIMEOUT_S, ReadError, Source, TopicPlace, Trouble, join_phases

LARGEST = 64 * 1024
# Topics of one meter are published together; whoever has not come by then is not part of this burst.
BURST_S = 1.0
# Values that a topic keeps for longer are said again in between, as long as the broker is there.
REPEAT_S = 10.0
# A clock that says seconds is far below this, one that says milliseconds far above.
MILLISECONDS_FROM = 1e11
CONNECT_CODES = {
    1: "does not speak MQTT 3.1.1",
    2: "refuses the client's name",
    3: "is not available",
    4: "refuses the user name or password",
    5: "does not allow this user to connect",
}
REFUSED = 128


async def readings(source: Source) -> AsyncGenerator[Measured | Trouble, None]:
    """Raises ReadError when the broker does not answer or says no."""
    places = [place for place in source.places if isinstance(place, TopicPlace)]
    client = aiomqtt.Client(
        source.host,
        source.port,
        username=source.username or None,
        password=source.password or None,
        tls_context=ssl.create_default_context() if source.tls else None,
        timeout=TIMEOUT_S,
        keepalive=20,
        max_queued_incoming_messages=100,
    )
    values = _Values(source)
    try:
        async with client:
            for topic in {place.topic for place in places}:
                granted = await client.subscribe(topic)
                if any(_code(each) >= REFUSED for each in granted):
                    raise ReadError(f"The broker does not allow this user to read {topic[:80]}.")
            async for found in _bursts(client, values):
                yield found
                await asyncio.sleep(0)
    except aiomqtt.MqttError as error:
        raise ReadError(_words(error, source)) from error
    except OSError as error:
        raise ReadError(f"The broker does not answer: {error.strerror or type(error).__name__}.") from error


async def _bursts(client: aiomqtt.Client, values: "_Values") -> AsyncIterator[Measured | Trouble]:
    """One reading for each burst of messages; again after a while where values are kept for longer."""
    messages = client.messages
    while True:
        try:
            async with asyncio.timeout(values.patience_s()):
                message = await anext(messages)
        except TimeoutError:
            if (measured := values.end_burst()) is not None:
                yield measured
            continue
        trouble = values.take(message)
        if trouble is not None:
            yield trouble
        elif values.is_whole() and (measured := values.end_burst()) is not None:
            yield measured


@dataclass(slots=True)
class _Values:
    """The newest value of each phase, when it was true, and which of them came in the present burst."""

    source: Source
    known: dict[int, tuple[float, float]] = field(default_factory=dict)
    burst: set[int] = field(default_factory=set)
    burst_since: float = 0.0

    def take(self, message: aiomqtt.Message) -> Trouble | None:
        """What is wrong with the message, if anything is; a value that is too old is none."""
        now, topic = time.monotonic(), str(message.topic)
        for phase, place in enumerate(self.source.places):
            if not isinstance(place, TopicPlace) or place.topic != topic:
                continue
            if message.retain and not place.time_pointer:
                continue  # what the broker kept says nothing of now, unless it says of when it is
            try:
                document = document_of(message.payload)
                value = number_at(document, place.pointer)
                age_s = _age_s(document, place)
            except ReadError as error:
                return Trouble(f"{topic[:80]}: {error}")
            if age_s > place.keep_s:
                continue
            if not self.burst:
                self.burst_since = now
            self.known[phase] = (now - age_s, value)
            self.burst.add(phase)
        return None

    def is_whole(self) -> bool:
        return self.burst >= {phase for phase, place in enumerate(self.source.places) if place is not None}

    def end_burst(self) -> Measured | None:
        """The phases as they are now; None while one of them was never said, or too long ago."""
        self.burst.clear()
        now = time.monotonic()
        values: list[float | None] = [None] * 3
        for phase, place in enumerate(self.source.places):
            if not isinstance(place, TopicPlace):
                continue
            at, value = self.known.get(phase, (-math.inf, 0.0))
            if now - at > place.keep_s:
                return None
            values[phase] = value
        return join_phases(*(self.source.phase_ma(value) for value in values))

    def patience_s(self) -> float | None:
        """How long to wait for a message: to the end of the burst, or until kept values are said again."""
        if self.burst:
            return max(0.0, self.burst_since + BURST_S - time.monotonic())
        keeps = any(isinstance(place, TopicPlace) and place.keeps_long for place in self.source.places)
        return REPEAT_S if keeps else None


def _age_s(document: Any, place: TopicPlace) -> float:
    """How long ago the value was true, by the message's own clock where the place names it."""
    if not place.time_pointer:
        return 0.0
    said = _at(document, place.time_pointer)
    if isinstance(said, str) and (moment := _parsed(said)) is not None:
        at = moment.timestamp()
    else:
        at = _number(said)
        at = at / 1000 if at > MILLISECONDS_FROM else at
    return max(0.0, time.time() - at)


def _parsed(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)


def value_of(payload: Any, pointer: str) -> float:
    """The number in a message, by a JSON pointer (RFC 6901) where there is one. Raises ReadError."""
    return number_at(document_of(payload), pointer)


def document_of(payload: Any) -> Any:
    """Raises ReadError."""
    if not isinstance(payload, bytes | str) or len(payload) > LARGEST:
        raise ReadError("The message is not a text, or too long.")
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ReadError("The message holds no number where it should.") from error


def number_at(document: Any, pointer: str) -> float:
    """Raises ReadError."""
    return _number(_at(document, pointer))


def _at(document: Any, pointer: str) -> Any:
    found = document
    try:
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found[key]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ReadError("The message holds no number where it should.") from error
    return found


def _number(found: Any) -> float:
    try:
        value = float(found) if not isinstance(found, bool) else math.nan
    except (ValueError, TypeError, OverflowError) as error:
        raise ReadError("The message holds no number where it should.") from error
    if not math.isfinite(value):
        raise ReadError("The message holds no finite number.")
    return value


def _code(reason: int | ReasonCode) -> int:
    return int(reason.value) if isinstance(reason, ReasonCode) else int(reason)


# What the client says of a failure below MQTT, and what a person can do about it.
FAILURES = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "The broker's certificate is not valid for this name, or its authority is unknown.",
    ),
    ("SSL", "The broker does not speak TLS on port {port}."),
    ("Connection refused", "The broker does not answer: nobody listens on port {port} of {host}."),
    ("not known", "The broker does not answer: there is no {host}."),
    ("No address", "The broker does not answer: there is no {host}."),
    ("name resolution", "The broker does not answer: the name {host} can't be looked up now."),
    (
        "timed out",
        "The broker does not answer in time, or what listens on port {port} is no broker or wants TLS.",
    ),
    (
        "Disconnected",
        "The broker ended the connection; another client may use the same name, or TLS is wanted on port {port}.",
    ),
)


def _words(error: aiomqtt.MqttError, source: Source) -> str:
    """The true cause, which the client keeps in a code or in its text alone."""
    text = str(error)
    if isinstance(error, aiomqtt.MqttCodeError) and error.rc is not None:
        code = _code(error.rc)
        # MQTT 5 has other numbers for the same two refusals, and the client reports version 3's by them.
        reason = CONNECT_CODES.get({134: 4, 135: 5}.get(code, code))
        if isinstance(error, aiomqtt.exceptions.MqttConnectError) and reason:
            return f"The broker {reason}."
    for sign, words in FAILURES:
        if sign in text:
            return words.format(host=source.host, port=source.port)
    return f"The broker ended the connection: {text[:100] or type(error).__name__}."
