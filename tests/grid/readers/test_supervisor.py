"""The reading process: rows followed, failures told and repeated, one meter's trouble kept from the others."""

import asyncio
import contextlib

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from grid.models import Meter, MeterReading
from grid.readers.supervisor import Supervisor
from tests.factories.grid import CircuitFactory
from tests.grid.readers.conftest import converter, telegram

pytestmark = pytest.mark.django_db


def meter(port: int, **fields: object) -> Meter:
    circuit = CircuitFactory(has_meter=True)
    values = {"source": "p1", "host": "127.0.0.1", "port": port} | fields
    return Meter.objects.create(community=circuit.community, circuit=circuit, **values)


@async_to_sync
async def supervised(until, *, port_of: Meter | None = None) -> None:
    """Run the supervisor until `until` is true, against a converter whose port that meter gets."""
    async with converter(telegram()) as port:
        if port_of is not None:
            await sync_to_async(Meter.objects.filter(pk=port_of.pk).update)(port=port)
        stop = asyncio.Event()
        running = asyncio.create_task(Supervisor(reload_s=0.1, first_wait_s=0.05).run(stop))
        try:
            async with asyncio.timeout(10):
                while not await sync_to_async(until)():  # noqa: ASYNC110 (rows tell nobody)
                    await asyncio.sleep(0.02)
        finally:
            stop.set()
            with contextlib.suppress(asyncio.CancelledError):
                await running


@pytest.mark.promise("E11")
def test_readings_end_where_a_push_ends_and_a_bad_meter_harms_no_other(unused_tcp_port):
    bad, good = meter(unused_tcp_port), meter(1)
    switched_off = meter(unused_tcp_port, active=False)
    supervised(
        lambda: MeterReading.objects.exists() and Meter.objects.exclude(error="").exists(), port_of=good
    )
    reading = MeterReading.objects.first()
    assert (reading.circuit, reading.base_load_ma) == (good.circuit, (5_000, 2_000, -10_000))
    for row, is_failing in ((bad, True), (good, False), (switched_off, False)):
        row.refresh_from_db()
        assert bool(row.error) is is_failing


def test_meter_that_comes_back_is_read_and_no_error_stays(unused_tcp_port):
    row = meter(unused_tcp_port)
    supervised(lambda: Meter.objects.exclude(error="").exists())
    supervised(
        lambda: MeterReading.objects.exists() and not Meter.objects.exclude(error="").exists(), port_of=row
    )
    assert Meter.objects.get().error_at is None
