"""Readings from a Modbus/TCP meter: registers asked for every few seconds."""

import asyncio
import math
import struct
from collections.abc import AsyncGenerator
from typing import Any, Literal, cast

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException

from grid.domain.readings import Measured
from grid.readers.source import ReadError, RegisterPlace, Source, Trouble, join_phases

CALL_S = 3
# SunSpec, and most makers with it, say "not implemented" by the one value that the type has to spare.
ABSENT: dict[str, bytes] = {
    "int16": struct.pack(">h", -(2**15)),
    "uint16": b"\xff" * 2,
    "int32": struct.pack(">i", -(2**31)),
    "uint32": b"\xff" * 4,
    "int64": struct.pack(">q", -(2**63)),
}
# Others say "overflow" by the largest that the type has.
OVERFLOWN: dict[str, bytes] = {
    "int16": struct.pack(">h", 2**15 - 1),
    "int32": struct.pack(">i", 2**31 - 1),
    "int64": struct.pack(">q", 2**63 - 1),
}
LARGEST_SCALE = 10
REFUSALS = {
    ExcCodes.ILLEGAL_FUNCTION: "has no such table; try the other of input and holding",
    ExcCodes.ILLEGAL_ADDRESS: "has no register {address}",
    ExcCodes.ILLEGAL_VALUE: "can't give register {address} in this type",
    ExcCodes.DEVICE_FAILURE: "reports a failure of device {device}; check the device id",
    ExcCodes.DEVICE_BUSY: "is busy",
    ExcCodes.GATEWAY_PATH_UNAVIABLE: "is a gateway that does not reach device {device}",
    ExcCodes.GATEWAY_NO_RESPONSE: "is a gateway, and device {device} does not answer it; check the device id",
}


async def readings(source: Source) -> AsyncGenerator[Measured | Trouble, None]:
    """Raises ReadError when the meter does not answer, or with an exception code."""
    # Reconnecting is the supervisor's, who waits longer each time.
    client = AsyncModbusTcpClient(source.host, port=source.port, timeout=CALL_S, retries=1, reconnect_delay=0)
    try:
        if not await client.connect():
            raise ReadError("The meter does not answer.")
        while True:
            yield await _reading(client, source)
            await asyncio.sleep(source.every_s)
    except (ModbusException, OSError) as error:
        if client.connected:
            raise ReadError(
                f"The meter takes the connection, but device {source.device_id} does not answer; check the device id."
            ) from error
        raise ReadError(f"The meter does not answer: {type(error).__name__}.") from error
    finally:
        client.close()


async def _reading(client: AsyncModbusTcpClient, source: Source) -> Measured | Trouble:
    values: list[float | None] = []
    for place in source.places:
        value = await _value(client, source, place) if isinstance(place, RegisterPlace) else None
        if isinstance(value, Trouble):
            return value
        values.append(value)
    return join_phases(*(source.phase_ma(value) for value in values))


async def _value(client: AsyncModbusTcpClient, source: Source, place: RegisterPlace) -> float | Trouble:
    kind = client.DATATYPE[place.kind.upper()]
    registers = await _registers(client, source, place, place.address, count=kind.value[1])
    words = registers if place.word_order == "big" else registers[::-1]
    found = b"".join(word.to_bytes(2, "big") for word in words)
    if found == ABSENT.get(place.kind):
        return Trouble(f"Register {place.address} says that the meter does not measure this.")
    if found == OVERFLOWN.get(place.kind):
        return Trouble(f"Register {place.address} holds the largest value of its type: it overflowed.")
    order = cast("Literal['big', 'little']", place.word_order)
    raw = client.convert_from_registers(registers, kind, word_order=order)
    factor = place.factor
    if place.scale_address is not None:
        (word,) = await _registers(client, source, place, place.scale_address, count=1)
        (scale,) = struct.unpack(">h", word.to_bytes(2, "big"))
        if abs(scale) > LARGEST_SCALE:
            return Trouble(f"Register {place.scale_address} holds no scale factor.")
        factor = 10.0**scale
    value = float(cast("float", raw)) * factor
    return value if math.isfinite(value) else Trouble(f"Register {place.address} holds no number.")


async def _registers(
    client: AsyncModbusTcpClient, source: Source, place: RegisterPlace, address: int, *, count: int
) -> list[int]:
    ask: Any = client.read_input_registers if place.table == "input" else client.read_holding_registers
    answer = await ask(address, count=count, device_id=source.device_id)
    if answer.isError():
        code = getattr(answer, "exception_code", None)
        usual = f"refuses register {address} with code {code}"
        said = REFUSALS.get(code, usual) if code is not None else usual
        raise ReadError(f"The meter {said.format(address=address, device=source.device_id)}.")
    return list(answer.registers)
