import pytest

from grid.enums import MeterSource
from grid.readers.kinds import first
from grid.readers.source import ReadError
from tests.grid.readers.conftest import converter, source, telegram


async def read(port: int):
    return await first(source(MeterSource.P1, port))


async def test_telegram_is_import_minus_export_of_each_phase():
    async with converter(
        telegram()[-200:], telegram()
    ) as port:  # the first one is cut off: we came in the middle
        assert await read(port) == (5_000, 2_000, -10_000)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (telegram(crc="0000"), "checksum"),
        (telegram().replace("1-0:21.7.0", "1-0:99.7.0"), "checksum"),
        ("x" * 20_000, "no telegram"),
        ("", "ended the connection"),
    ],
)
async def test_what_is_no_telegram_is_refused(sent, said):
    async with converter(sent, then_close=True) as port:
        with pytest.raises(ReadError, match=said):
            await read(port)


async def test_converter_that_is_not_there_is_said(unused_tcp_port):
    with pytest.raises(ReadError, match="does not answer"):
        await read(unused_tcp_port)


@pytest.mark.parametrize(
    ("lines", "l1", "expected_ma"),
    [
        ("1-0:31.7.0(000.88*A)\r\n1-0:32.7.0(228.0*V)\r\n", "00.179*kW", 880),
        ("1-0:31.7.0(000.30*A)\r\n1-0:32.7.0(228.0*V)\r\n", "00.070*kW", 308),
        ("1-0:31.7.0(002*A)\r\n1-0:32.7.0(230.0*V)\r\n", "01.150*kW", 5_000),
        ("1-0:32.7.0(200.0*V)\r\n", "01.000*kW", 5_000),
        ("1-0:32.7.0(000.0*V)\r\n", "01.150*kW", 5_000),
    ],
)
async def test_current_is_never_less_than_measured_nor_than_power_needs(lines, l1, expected_ma):
    async with converter(telegram(l1, also=lines)) as port:
        assert (await read(port))[0] == expected_ma


async def test_power_factor_raises_what_is_taken_and_not_what_is_fed_in():
    async with converter(telegram()) as port:
        assert await first(source(MeterSource.P1, port, power_factor=0.8)) == (6_250, 2_500, -10_000)


async def test_phase_without_a_line_is_not_measured():
    text = telegram(without="1-0:41.7.0")
    async with converter(text) as port:
        assert await read(port) == (5_000, None, -10_000)


async def test_garbled_telegram_is_followed_by_the_next():
    async with converter(telegram(crc="0000"), telegram()) as port:
        assert await read(port) == (5_000, 2_000, -10_000)
