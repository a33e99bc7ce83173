import struct

import pytest
from pymodbus.simulator import DataType

from grid.enums import MeterSource, MeterUnit, ModbusPreset
from grid.readers.kinds import first
from grid.readers.source import PRESETS, ReadError, RegisterPlace
from tests.grid.readers.conftest import modbus_meter, source


async def read(port: int, **changes: object):
    return await first(source(MeterSource.MODBUS, port, **changes))


async def test_eastron_is_read_by_its_preset():
    registers = ((0x0C, 2300.0), (0x0E, -1150.0), (0x10, 0.5))
    async with modbus_meter(*((address, value, DataType.FLOAT32) for address, value in registers)) as port:
        assert await read(port, places=PRESETS[ModbusPreset.SDM630]) == (10_000, -5_000, 3)


async def test_carlo_gavazzi_has_its_low_word_first():
    words = []
    for phase, tenths in enumerate((23_000, -11_500, 0)):
        low_high = struct.unpack(">HH", struct.pack(">i", tenths))[::-1]
        words += [(0x12 + 2 * phase + at, word, DataType.REGISTERS) for at, word in enumerate(low_high)]
    async with modbus_meter(*words) as port:
        assert await read(port, places=PRESETS[ModbusPreset.EM24]) == (10_000, -5_000, 0)


async def test_registers_of_ones_own_in_amperes():
    place = RegisterPlace("holding", 100, "uint16", 0.01, "big")
    async with modbus_meter((100, 1234, DataType.REGISTERS)) as port:
        assert await read(port, places=(place, None, None), unit=MeterUnit.AMPERE) == (12_340, None, None)


async def test_register_that_the_meter_has_not_is_said():
    async with modbus_meter((100, 1, DataType.REGISTERS)) as port:
        with pytest.raises(ReadError, match="has no register 12"):
            await read(port, places=PRESETS[ModbusPreset.SDM630])


async def test_meter_that_is_not_there_is_said(unused_tcp_port):
    with pytest.raises(ReadError, match="does not answer"):
        await read(unused_tcp_port, places=PRESETS[ModbusPreset.SDM630])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("int16", [0x8000]),
        ("uint16", [0xFFFF]),
        ("int32", [0x8000, 0]),
        ("uint32", [0xFFFF, 0xFFFF]),
        ("int64", [0x8000, 0, 0, 0]),
        ("float32", [0x7FC0, 0]),
    ],
)
@pytest.mark.parametrize("order", ["big", "little"])
async def test_value_that_means_not_implemented_is_no_reading(kind, words, order):
    place = RegisterPlace("holding", 100, kind, 0.1, order)
    words = words if order == "big" else words[::-1]
    async with modbus_meter(*((100 + at, word, DataType.REGISTERS) for at, word in enumerate(words))) as port:
        with pytest.raises(
            ReadError, match=r"Register 100 (says that the meter does not measure|holds no number)"
        ):
            await read(port, places=(place, None, None))


@pytest.mark.parametrize(
    ("kind", "words"),
    [("int16", [0x7FFF]), ("int32", [0x7FFF, 0xFFFF]), ("int64", [0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF])],
)
async def test_largest_value_of_a_type_is_an_overflow_and_no_reading(kind, words):
    place = RegisterPlace("holding", 100, kind, 0.1, "big")
    async with modbus_meter(*((100 + at, word, DataType.REGISTERS) for at, word in enumerate(words))) as port:
        with pytest.raises(ReadError, match="Register 100 holds the largest value"):
            await read(port, places=(place, None, None))


@pytest.mark.parametrize(("scale", "expected_ma"), [(-2, 12_340), (0xFFFF, 123_400), (0, 1_234_000)])
async def test_scale_factor_of_sunspec_is_followed(scale, expected_ma):
    scale = scale & 0xFFFF
    place = RegisterPlace("holding", 100, "int16", 1, "big", scale_address=104)
    async with modbus_meter((100, 1234, DataType.REGISTERS), (104, scale, DataType.REGISTERS)) as port:
        assert (await read(port, places=(place, None, None), unit=MeterUnit.AMPERE))[0] == expected_ma


async def test_scale_factor_that_is_none_is_said():
    place = RegisterPlace("holding", 100, "int16", 1, "big", scale_address=104)
    async with modbus_meter((100, 1234, DataType.REGISTERS), (104, 0x8000, DataType.REGISTERS)) as port:
        with pytest.raises(ReadError, match="Register 104 holds no scale factor"):
            await read(port, places=(place, None, None))


async def test_wrong_device_id_is_told_from_a_wrong_register():
    async with modbus_meter((0x0C, 2300.0, DataType.FLOAT32)) as port:
        with pytest.raises(ReadError, match="device 9"):
            await read(port, places=PRESETS[ModbusPreset.SDM630], device_id=9)
