"""Readings from a P1 port (DSMR) that a converter serves over TCP: telegrams, each with its checksum."""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator
from typing import Any

from dsmr_parser import telegram_specifications
from dsmr_parser.clients.telegram_buffer import TelegramBuffer
from dsmr_parser.exceptions import InvalidChecksumError, ParseError
from dsmr_parser.parsers import TelegramParser

from evbalancer.common.units import MILLI
from grid.domain.readings import Measured
from grid.readers.source import TIMEOUT_S, ReadError, Source, Trouble, join_phases

# A telegram has some 2 kB; this much without one is noise.
LARGEST = 16 * 1024
# Version 5 sends one a second, version 4 one in ten seconds.
TELEGRAM_S = 30
# A voltage outside of this is that of a phase that is not there.
LEAST_V, MOST_V = 150, 300


async def readings(source: Source) -> AsyncGenerator[Measured | Trouble, None]:
    """Import minus export of each phase. Raises ReadError when nothing comes, or nothing that is a telegram."""
    parser = TelegramParser(telegram_specifications.V5)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            stream, writer = await asyncio.open_connection(source.host, source.port)
    except (OSError, TimeoutError) as error:
        raise ReadError(f"The converter does not answer: {type(error).__name__}.") from error
    buffer, noise = TelegramBuffer(), 0
    try:
        while True:
            async with asyncio.timeout(TELEGRAM_S):
                data = await stream.read(4096)
            if not data:
                raise ReadError("The converter ended the connection.")
            noise += len(data)
            if noise > LARGEST:
                raise ReadError("The converter sends no telegrams.")
            buffer.append(data.decode("ascii", "replace"))
            for text in buffer.get_all():
                noise = 0
                yield measure(source, parser, text)
    except (OSError, TimeoutError) as error:
        raise ReadError(f"The converter is silent: {type(error).__name__}.") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def measure(source: Source, parser: Any, text: str) -> Measured | Trouble:
    """The phases of a telegram. One that the line garbled is followed by the next."""
    try:
        telegram = parser.parse(text, throw_ex=True)
    except InvalidChecksumError:
        return Trouble("A telegram's checksum is wrong.")
    except (ParseError, ValueError, ArithmeticError):
        return Trouble("A telegram can't be read.")
    phases = join_phases(*(_phase_ma(source, telegram, phase) for phase in (1, 2, 3)))
    return Trouble("The telegram says no power of L1.") if phases[0] is None else phases


def _phase_ma(source: Source, telegram: Any, phase: int) -> int | None:
    """Import minus export, never less than the current that the meter measures beside them."""
    power = f"INSTANTANEOUS_ACTIVE_POWER_L{phase}"
    taken_kw, fed_kw = _number(telegram, f"{power}_POSITIVE"), _number(telegram, f"{power}_NEGATIVE")
    if taken_kw is None:
        return None
    net_w = (taken_kw - (fed_kw or 0.0)) * MILLI
    if net_w < 0:
        return source.phase_ma(net_w)
    volts = _number(telegram, f"INSTANTANEOUS_VOLTAGE_L{phase}")
    if volts is None or not LEAST_V <= volts <= MOST_V:
        volts = source.voltage_v
    measured_a = _number(telegram, f"INSTANTANEOUS_CURRENT_L{phase}") or 0.0
    return math.ceil(max(net_w / volts / source.power_factor, measured_a) * MILLI)


def _number(telegram: Any, name: str) -> float | None:
    found = getattr(telegram, name, None)
    value = getattr(found, "value", None)
    return float(value) if value is not None else None
