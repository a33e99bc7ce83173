import asyncio
from contextlib import aclosing

from grid.domain.readings import Measured
from grid.enums import MeterSource
from grid.readers import modbus, mqtt, p1
from grid.readers.source import TIMEOUT_S, Reader, ReadError, Source, Trouble

READERS: dict[MeterSource, Reader] = {
    MeterSource.MQTT: mqtt.readings,
    MeterSource.MODBUS: modbus.readings,
    MeterSource.P1: p1.readings,
}
# After something that can't be used, what can be may follow soon.
SECOND_CHANCE_S = 3


async def first(source: Source) -> Measured:
    """One reading, for a person who asks whether it works. Raises ReadError."""
    trouble: Trouble | None = None
    try:
        async with asyncio.timeout(TIMEOUT_S) as patience, aclosing(READERS[source.kind](source)) as found:
            async for measured in found:
                if not isinstance(measured, Trouble):
                    return measured
                if trouble is None:
                    patience.reschedule(asyncio.get_running_loop().time() + SECOND_CHANCE_S)
                trouble = measured
    except TimeoutError as error:
        usual = f"Connected, and no reading came within {TIMEOUT_S} s."
        raise ReadError(trouble.text if trouble else usual) from error
    except ReadError:
        if trouble is None:
            raise
    raise ReadError(trouble.text if trouble else "No reading came.")
