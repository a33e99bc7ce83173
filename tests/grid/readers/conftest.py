"""Meters as they answer on the wire: a real Modbus server, a P1 converter, a broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from grid.enums import MeterSource, MeterUnit
from grid.readers.source import Source

LINES = (
    "/ISK5\\2M550E-1012\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(260302180000W)\r\n"
    "1-0:21.7.0({0})\r\n1-0:41.7.0(00.460*kW)\r\n1-0:61.7.0(00.000*kW)\r\n"
    "1-0:22.7.0(00.000*kW)\r\n1-0:42.7.0(00.000*kW)\r\n1-0:62.7.0(02.300*kW)\r\n!"
)


def source(kind: MeterSource, port: int, **changes: object) -> Source:
    usual = {
        "meter_id": uuid4(), "circuit_id": uuid4(), "kind": kind, "host": "127.0.0.1", "port": port, "tls": False,
        "username": "", "password": "", "unit": MeterUnit.WATT, "places": (None, None, None), "device_id": 1,
        "every_s": 1, "voltage_v": 230,
    }  # fmt: skip
    return Source(**usual | changes)


def crc16(text: str) -> str:
    """CRC-16/ARC over everything up to and with the exclamation mark, as DSMR 5 has it."""
    crc = 0
    for byte in text.encode("ascii"):
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return f"{crc:04X}"


def telegram(l1: str = "01.150*kW", *, crc: str = "", also: str = "", without: str = "") -> str:
    """`also`: further lines, each ended; `without`: leave out lines that begin so."""
    text = LINES.replace("{0}", l1).replace("!", f"{also}!")
    if without:
        text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(without))
    return f"{text}{crc or crc16(text)}\r\n"


@asynccontextmanager
async def converter(*telegrams: str, then_close: bool = False) -> AsyncIterator[int]:
    """Serve these to everyone who connects; yields the port."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for text in telegrams:
            writer.write(text.encode("ascii"))
        await writer.drain()
        if then_close:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def modbus_meter(*registers: tuple[int, object, DataType], order: str = "big") -> AsyncIterator[int]:
    data = [SimData(address, values=value, datatype=kind) for address, value, kind in registers]
    device = SimDevice(1, simdata=data)
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()
