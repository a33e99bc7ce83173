"""Readings from a Modbus/TCP meter: registers asked for every few seconds."""

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import Any, Literal, cast

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from evbalancer.common.units import PhaseMilliamps
from grid.readers.source import ReadError, RegisterPlace, Source

CALL_S = 3


async def readings(source: Source) -> AsyncGenerator[PhaseMilliamps, None]:
    """Raises ReadError when the meter does not answer, or with an exception code."""
    # Reconnecting is the supervisor's, who waits longer each time.
    client = AsyncModbusTcpClient(source.host, port=source.port, timeout=CALL_S, retries=1, reconnect_delay=0)
    try:
        if not await client.connect():
            raise ReadError("The meter does not answer.")
        while True:
            one, two, three = [await _value(client, source, place) for place in source.places]
            yield source.current_ma((one, two, three))
            await asyncio.sleep(source.every_s)
    except (ModbusException, OSError) as error:
        raise ReadError(f"The meter does not answer: {type(error).__name__}.") from error
    finally:
        client.close()


async def _value(client: AsyncModbusTcpClient, source: Source, place: Any) -> float:
    if not isinstance(place, RegisterPlace):
        return 0.0
    kind = client.DATATYPE[place.kind.upper()]
    ask = client.read_input_registers if place.table == "input" else client.read_holding_registers
    answer = await ask(place.address, count=kind.value[1], device_id=source.device_id)
    if answer.isError():
        raise ReadError(f"The meter refuses register {place.address}.")
    order = cast("Literal['big', 'little']", place.word_order)
    raw = client.convert_from_registers(answer.registers, kind, word_order=order)
    value = float(cast("float", raw)) * place.factor
    if not math.isfinite(value):
        raise ReadError(f"Register {place.address} holds no number.")
    return value
