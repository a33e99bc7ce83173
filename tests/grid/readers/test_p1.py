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
