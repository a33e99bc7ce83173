import asyncio
from contextlib import aclosing

from evbalancer.common.units import PhaseMilliamps
from grid.enums import MeterSource
from grid.readers import modbus, mqtt, p1
from grid.readers.source import TIMEOUT_S, Reader, ReadError, Source

READERS: dict[MeterSource, Reader] = {
    MeterSource.MQTT: mqtt.readings,
    MeterSource.MODBUS: modbus.readings,
    MeterSource.P1: p1.readings,
}


async def first(source: Source) -> PhaseMilliamps:
    """One reading, for a person who asks whether it works. Raises ReadError."""
    try:
        async with asyncio.timeout(TIMEOUT_S), aclosing(READERS[source.kind](source)) as found:
            async for current_ma in found:
                return current_ma
    except TimeoutError as error:
        raise ReadError(f"Connected, and no reading came within {TIMEOUT_S} s.") from error
    raise ReadError("No reading came.")
