"""The writer keeps the reports of a locked cluster for later, each charge point's in their order, and serves the others."""

import asyncio
import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from chargers.ocpp import writer as writers
from chargers.ocpp.writer import DatabaseAway, Writer
from chargers.reports.base import Source
from chargers.reports.charging import TokenReport
from chargers.reports.outcomes import SET_ASIDE, TAKEN

pytestmark = pytest.mark.promise("R11")
LOCKED, FREE = uuid4(), uuid4()


def charge_point(cluster_id):
    return Source(uuid4(), cluster_id, uuid4(), uuid4())


def report(source, tag):
    return TokenReport(source=source, received_at=datetime.now(UTC), id_tag=tag)


class LockedDesk:
    """Stands for a database in which somebody has locked one cluster for as long as the test likes."""

    def __init__(self):
        self.released = threading.Event()
        self.taken = []
        self.was_patient_for = set()

    def take(self, batch, *, patient=None):
        self.was_patient_for |= {patient} - {None}
        outcomes = []
        for each in batch:
            is_locked = each.source.cluster_id == LOCKED and not self.released.is_set()
            outcomes.append(SET_ASIDE if is_locked else TAKEN)
            if not is_locked:
                self.taken.append(each.id_tag)
        return outcomes

    def write_owed(self, *, now):
        pass


def run(work):
    async def main():
        desk = LockedDesk()
        writer = Writer(desk)
        writer.start()
        try:
            return await work(desk, writer)
        finally:
            await writer.stop()

    return asyncio.run(main())


def test_locked_cluster_keeps_only_its_own_charge_points_waiting(transactional_db):
    async def work(desk, writer):
        waiting = writer.submit(report(charge_point(LOCKED), "locked"))
        others = [writer.submit(report(charge_point(FREE), f"free {n}")) for n in range(20)]
        assert await asyncio.wait_for(asyncio.gather(*others), 30) == [TAKEN] * 20
        assert not waiting.done()
        desk.released.set()
        assert await asyncio.wait_for(waiting, 30) == TAKEN
        assert desk.was_patient_for == {LOCKED}

    run(work)


def test_charge_points_reports_are_taken_in_their_order(transactional_db):
    async def work(desk, writer):
        one, two = charge_point(LOCKED), charge_point(LOCKED)
        said = [writer.submit(report(source, f"{n}")) for n in range(5) for source in (one, two)]
        # Something else goes through meanwhile, so the first ones have been tried.
        await asyncio.wait_for(writer.submit(report(charge_point(FREE), "free")), 30)
        desk.released.set()
        await asyncio.wait_for(asyncio.gather(*said), 30)
        assert desk.taken == ["free", *(f"{n}" for n in range(5) for _ in (one, two))]

    run(work)


@pytest.mark.promise("R12")
def test_charge_point_that_waited_too_long_is_hung_up_on_and_keeps_its_messages(
    transactional_db, monkeypatch
):
    monkeypatch.setattr(writers, "LONGEST_S", 0.05)

    async def work(desk, writer):
        source = charge_point(LOCKED)
        said = [writer.submit(report(source, "first")), writer.submit(report(source, "second"))]
        outcomes = await asyncio.wait_for(asyncio.gather(*said, return_exceptions=True), 30)
        assert [type(outcome) for outcome in outcomes] == [DatabaseAway] * 2
        assert desk.taken == []

    run(work)


def test_writer_that_stops_lets_nobody_wait_for_ever(transactional_db, monkeypatch):
    monkeypatch.setattr(writers, "LAST_WAIT_S", 0.05)

    async def main():
        writer = Writer(LockedDesk())
        writer.start()
        waiting = writer.submit(report(charge_point(LOCKED), "locked"))
        await asyncio.wait_for(writer.stop(), 30)
        with pytest.raises(DatabaseAway):
            await waiting

    asyncio.run(main())
