"""What is quick waits for nothing that is slow, and what is slow finds what the quick one knew."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from chargers.domain.intake import Desk
from chargers.models import MeterValue, Session
from chargers.ocpp.lanes import TwoLanes
from chargers.ocpp.writer import WriterStopped
from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample, StartReport, StatusReport, StopReport
from tests.factories.chargers import ConnectorFactory

pytestmark = [
    pytest.mark.usefixtures("transactional_db"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]
BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Say:
    """Reports of one charge point, so many seconds after its start."""

    def __init__(self) -> None:
        station = ConnectorFactory().charge_point
        self.source = Source(station.pk, station.cluster_id, station.community_id, uuid4())
        start = StartReport(
            **self._said(0), connector_number=1, id_tag="TAG", meter_wh=10_000, charger_at=BEGAN, payload={}
        )
        self.transaction_id = Desk().take([start])[0].transaction_id

    def meter(self, register: int, seconds: float) -> MeterReport:
        return MeterReport(
            **self._said(seconds),
            connector_number=1,
            transaction_id=self.transaction_id,
            samples=(Sample(measured_at=None, context="Sample.Periodic", register=register),),
            payload={},
        )

    def status(self, seconds: float) -> StatusReport:
        return StatusReport(**self._said(seconds), connector_number=1, status="SuspendedEV")

    def stop(self, meter_wh: int | None, seconds: float) -> StopReport:
        return StopReport(
            **self._said(seconds),
            transaction_id=self.transaction_id,
            meter_wh=meter_wh,
            charger_at=BEGAN + timedelta(seconds=seconds),
            payload={},
        )

    def _said(self, seconds: float) -> dict:
        return {"source": self.source, "received_at": BEGAN + timedelta(seconds=seconds)}


def play(script):
    async def run():
        lanes = TwoLanes()
        lanes.start()
        try:
            async with asyncio.timeout(20):
                return await script(lanes)
        finally:
            await lanes.stop()

    return asyncio.run(run())


@pytest.fixture
def say():
    return Say()


@pytest.fixture
def held(monkeypatch):
    """The slow desk is busy until this is set."""
    held, take = threading.Event(), Desk.take

    def take_later(desk, batch, **options):
        assert held.wait(20)
        return take(desk, batch, **options)

    monkeypatch.setattr(Desk, "take", take_later)
    yield held
    held.set()


def test_meter_value_is_stored_and_answered_while_a_status_is_taken(say, held):
    async def script(lanes):
        status = lanes.submit(say.status(5))
        await lanes.submit(say.meter(10_010, 10))
        waits = not status.done()
        held.set()
        await status
        return waits

    assert play(script)
    assert MeterValue.objects.count() == 1


def test_stop_without_a_register_finds_what_the_meter_told_last(say):
    async def script(lanes):
        await lanes.submit(say.meter(10_010, 10))
        await lanes.submit(say.meter(10_030, 10.2))
        await lanes.submit(say.stop(None, 10.5))

    play(script)
    assert Session.objects.get().energy_wh == 30


def test_stopped_lanes_finish_what_was_handed_in_and_take_no_more(say):
    async def script(lanes):
        stop = lanes.submit(say.stop(10_050, 20))
        await lanes.stop()
        with pytest.raises(WriterStopped):
            lanes.submit(say.status(30))
        await stop

    play(script)
    assert Session.objects.get().meter_stop_wh == 10_050
