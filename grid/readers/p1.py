"""Readings from a P1 port (DSMR) that a converter serves over TCP: telegrams, each with its checksum."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from dsmr_parser import telegram_specifications
from dsmr_parser.clients.telegram_buffer import TelegramBuffer
from dsmr_parser.exceptions import InvalidChecksumError, ParseError
from dsmr_parser.parsers import TelegramParser

from evbalancer.common.units import MILLI, PhaseMilliamps
from grid.readers.source import TIMEOUT_S, ReadError, Source

# A telegram has some 2 kB; this much without one is noise.
LARGEST = 16 * 1024
# Version 5 sends one a second, version 4 one in ten seconds.
TELEGRAM_S = 30


async def readings(source: Source) -> AsyncGenerator[PhaseMilliamps, None]:
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
                raise ReadError("What comes is no telegram.")
            buffer.append(data.decode("ascii", "replace"))
            for text in buffer.get_all():
                noise = 0
                yield source.current_ma(watts(parser, text))
    except (OSError, TimeoutError) as error:
        raise ReadError(f"The converter is silent: {type(error).__name__}.") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def watts(parser: Any, text: str) -> tuple[float, float, float]:
    """Raises ReadError for a telegram whose checksum is wrong or that has no power of L1."""
    try:
        telegram = parser.parse(text, throw_ex=True)
    except InvalidChecksumError as error:
        raise ReadError("A telegram's checksum is wrong.") from error
    except (ParseError, ValueError, ArithmeticError) as error:
        raise ReadError("A telegram can't be read.") from error
    one, two, three = (_phase_w(telegram, phase) for phase in (1, 2, 3))
    return one, two, three


def _phase_w(telegram: Any, phase: int) -> float:
    name = f"INSTANTANEOUS_ACTIVE_POWER_L{phase}"
    taken, fed = (getattr(telegram, f"{name}_{way}", None) for way in ("POSITIVE", "NEGATIVE"))
    if taken is None:
        if phase == 1:
            raise ReadError("The telegram says no power of L1.")
        return 0.0  # a connection of one phase
    return float(taken.value - (fed.value if fed is not None else 0)) * MILLI
