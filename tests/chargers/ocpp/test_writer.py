"""Group commit: together when busy, singly when one fails, never answered before the commit."""

import asyncio
import threading
from datetime import UTC, datetime
from unittest.mock import Mock
from uuid import uuid4

import pytest
from django.db import OperationalError

from chargers.enums import ConnectorStatus
from chargers.models import Session
from chargers.ocpp.writer import DatabaseAway, Writer, WriterStopped
from chargers.reports.base import Source
from chargers.reports.charging import StatusReport, TokenReport
from chargers.reports.outcomes import TAKEN
from tests.chargers.conftest import until
from tests.factories.chargers import ConnectorFactory
from tests.factories.grid import CircuitFactory

SOURCE = Source(uuid4(), uuid4(), uuid4(), uuid4())


def report(id_tag="T"):
    return TokenReport(source=SOURCE, received_at=datetime.now(UTC), id_tag=id_tag)


class FakeDesk:
    def __init__(self, take) -> None:
        self.take = take

    def write_owed(self, *, now) -> None:
        pass


async def run(take, work):
    writer = Writer(FakeDesk(take))
    writer.start()
    try:
        return await work(writer)
    finally:
        await writer.stop()


def test_reports_of_many_sockets_share_transactions(transactional_db):
    batches = []
    hold = threading.Event()

    def take(batch):
        hold.wait(1)
        batches.append(len(batch))
        return [TAKEN] * len(batch)

    async def work(writer):
        futures = [writer.submit(report())]
        await asyncio.sleep(0.05)
        futures += [writer.submit(report()) for _ in range(200)]
        hold.set()
        return await asyncio.gather(*futures)

    assert asyncio.run(run(take, work)) == [TAKEN] * 201
    assert batches == [1, 200]


def test_outcomes_find_their_reports(transactional_db):
    def take(batch):
        return [each.id_tag for each in batch]

    async def work(writer):
        return await asyncio.gather(*(writer.submit(report(str(n))) for n in range(100)))

    assert asyncio.run(run(take, work)) == [str(n) for n in range(100)]


def test_report_that_fails_costs_the_others_nothing(transactional_db):
    def take(batch):
        if any(each.id_tag == "bad" for each in batch):
            raise ValueError("bad")
        return [TAKEN] * len(batch)

    async def work(writer):
        futures = [writer.submit(report(tag)) for tag in ("a", "bad", "b")]
        return await asyncio.gather(*futures, return_exceptions=True)

    first, bad, last = asyncio.run(run(take, work))
    assert (first, last) == (TAKEN, TAKEN)
    assert isinstance(bad, ValueError)


@pytest.mark.promise("O5")
@pytest.mark.parametrize(("failures", "is_stored"), [(2, True), (99, False)])
def test_deadlock_is_retried_and_then_given_up(transactional_db, failures, is_stored):
    attempts = []

    def take(batch):
        attempts.append(len(batch))
        if len(attempts) <= failures:
            raise OperationalError("deadlock detected")
        return [TAKEN]

    async def work(writer):
        return await asyncio.gather(writer.submit(report()), return_exceptions=True)

    [outcome] = asyncio.run(run(take, work))
    assert (outcome == TAKEN) is is_stored
    assert len(attempts) == (3 if is_stored else 6)


@pytest.mark.promise("E12")
def test_nothing_is_wrong_with_a_report_when_the_database_is_away(transactional_db, monkeypatch):
    monkeypatch.setattr("evbalancer.common.db.database.database_answers", lambda: False)

    async def work(writer):
        return await asyncio.gather(*(writer.submit(report()) for _ in range(3)), return_exceptions=True)

    outcomes = asyncio.run(run(Mock(side_effect=OperationalError("connection refused")), work))
    assert [type(outcome) for outcome in outcomes] == [DatabaseAway] * 3


def test_stopped_writer_finishes_what_it_has_and_takes_no_more(transactional_db):
    async def work():
        writer = Writer(FakeDesk(lambda batch: [TAKEN] * len(batch)))
        writer.start()
        futures = [writer.submit(report()) for _ in range(50)]
        await writer.stop()
        with pytest.raises(WriterStopped):
            writer.submit(report())
        return await asyncio.gather(*futures)

    assert asyncio.run(work()) == [TAKEN] * 50


def test_job_that_fails_says_so_where_it_is_awaited(transactional_db):
    def job():
        raise KeyError("x")

    async def work(writer):
        with pytest.raises(KeyError):
            await writer.call(job)
        return await writer.call(lambda: 7)

    assert asyncio.run(run(Mock(), work)) == 7


@pytest.mark.promise("O5")
def test_twenty_chargers_first_statuses_at_once_are_all_taken(transactional_db):
    """Two writers, as two processes would have, on the same cluster."""
    circuit = CircuitFactory()
    connectors = [ConnectorFactory(circuit=circuit) for _ in range(20)]

    def status(connector, word):
        station = connector.charge_point
        source = Source(station.pk, station.cluster_id, station.community_id, uuid4())
        return StatusReport(source=source, received_at=datetime.now(UTC), connector_number=1, status=word)

    async def work():
        writers = [Writer(), Writer()]
        for writer in writers:
            writer.start()
        try:
            for word in (ConnectorStatus.PREPARING, ConnectorStatus.AVAILABLE) * 5:
                futures = [writers[n % 2].submit(status(each, word)) for n, each in enumerate(connectors)]
                assert await asyncio.gather(*futures) == [TAKEN] * 20
        finally:
            for writer in writers:
                await writer.stop()

    asyncio.run(work())
    until(lambda: Session.objects.count() == 100)
