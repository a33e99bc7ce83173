"""Who waits for whom: two transactions at once, each in a thread and on a connection of its own."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction

from chargers.domain import intake
from chargers.domain.intake import Desk
from chargers.domain.orders import delivery
from chargers.domain.orders.commands import queue_command
from chargers.domain.sockets import connections
from chargers.enums import CommandState, ConnectorStatus, SessionState
from chargers.models import ChargerCommand, Connector, MeterValue, Session, StrayDraw
from chargers.orders.trust import ClearCache
from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample, StatusReport
from chargers.reports.outcomes import SET_ASIDE, TAKEN
from evbalancer.common.beside import Beside
from evbalancer.common.db import locks
from evbalancer.common.db.locks import for_each_free_cluster, lock_cluster
from scheduling.domain.balancing import situation
from scheduling.domain.balancing.rebalance import share_power
from tests.factories.chargers import ConnectorFactory

WAIT_S = 30.0
AT_ONCE = timedelta(0)
needs_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="On SQLite every transaction is the only writer"
)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise("R11")]


@contextmanager
def elsewhere(work: Callable[[], object], *, for_s: float = WAIT_S) -> Iterator[None]:
    """Another transaction that has done `work` and stays open as long as the block, or `for_s` seconds."""
    has_it, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                work()
                has_it.set()
                may_end.wait(for_s)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        assert has_it.wait(WAIT_S)
        try:
            yield
        finally:
            may_end.set()
            held.result()


def source_of(connector: Connector) -> Source:
    station = connector.charge_point
    return Source(station.pk, station.cluster_id, station.community_id, uuid4())


def metered(connector: Connector, *, register: int = 1) -> MeterReport:
    sample = Sample(measured_at=None, context="Sample.Periodic", register=register)
    return MeterReport(
        source=source_of(connector),
        received_at=datetime.now(UTC),
        connector_number=1,
        transaction_id=None,
        samples=(sample,),
        payload={},
    )


def status(connector: Connector, word: str = "Preparing") -> StatusReport:
    return StatusReport(
        source=source_of(connector), received_at=datetime.now(UTC), connector_number=1, status=word
    )


def running(connector: Connector) -> Session:
    now = datetime.now(UTC)
    return Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=now,
        plugged_at=now,
        started_at=now,
        meter_start_wh=0,
    )


@needs_postgresql
def test_meter_values_wait_for_no_rebalance_of_their_cluster():
    connector = ConnectorFactory()
    cluster = connector.charge_point.cluster

    def reading() -> None:
        lock_cluster(cluster.pk)
        situation.read_situation(cluster, now=datetime.now(UTC), beside=Beside(cluster))

    with elsewhere(reading):
        assert Desk().take([metered(connector)]) == [TAKEN]
        assert MeterValue.objects.count() == 1


@needs_postgresql
def test_meter_values_wait_for_no_session_that_somebody_keeps():
    session = running(ConnectorFactory())
    desk = Desk()
    with elsewhere(lambda: Session.objects.select_for_update(no_key=True).get(pk=session.pk)):
        assert desk.take([metered(session.connector, register=700)]) == [TAKEN]
        assert MeterValue.objects.get().energy_wh == 700
    desk.write_owed(now=datetime.now(UTC))
    session.refresh_from_db()
    assert session.energy_wh == 700


@needs_postgresql
def test_meter_values_wait_no_longer_than_a_second_for_what_flows_without_a_transaction():
    report = metered(ConnectorFactory())
    [sample] = report.samples
    report = replace(report, samples=(sample._replace(power_w=5_000),))
    Desk().take([report])
    again = replace(report, received_at=report.received_at + timedelta(seconds=5))
    with elsewhere(lambda: StrayDraw.objects.select_for_update(no_key=True).get()):
        with pytest.raises(OperationalError, match="lock timeout"):
            Desk().take([again])
        assert MeterValue.objects.count() == 1
    assert Desk().take([again]) == [TAKEN]
    assert StrayDraw.objects.get().drawn_at == again.received_at


@needs_postgresql
def test_reports_of_a_locked_cluster_are_set_aside_and_those_of_others_are_taken():
    mine, theirs = ConnectorFactory(), ConnectorFactory()
    with elsewhere(lambda: lock_cluster(mine.charge_point.cluster_id)):
        assert Desk().take([status(mine), status(theirs), metered(mine)]) == [SET_ASIDE, TAKEN, TAKEN]
    assert Session.objects.get().connector == theirs
    assert Desk().take([status(mine)]) == [TAKEN]


@needs_postgresql
@pytest.mark.promise("O5")
def test_rebalance_that_loses_a_deadlock_is_done_again():
    first = ConnectorFactory()
    second = ConnectorFactory(circuit=first.circuit)
    first, second = sorted((first, second), key=lambda each: each.pk)
    cluster_id = first.charge_point.cluster_id
    has_it = threading.Event()

    def other_way_round() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # The rebalance is the one that notices, and so the one that loses.
                cursor.execute("SET LOCAL deadlock_timeout = '60s'")
                Connector.objects.filter(pk=second.pk).update(error_code="X")
                has_it.set()
                _until_one_waits(for_pid_of=cursor.connection.info.backend_pid)
                Connector.objects.filter(pk=first.pk).update(error_code="X")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(other_way_round)
        assert has_it.wait(WAIT_S)
        run = share_power(cluster_id, now=datetime.now(UTC))
        other.result()
    assert run is not None
    assert run.violations == []
    assert list(Connector.objects.values_list("error_code", flat=True)) == ["X", "X"]


def _until_one_waits(*, for_pid_of: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(3_000):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", [for_pid_of]
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")


@needs_postgresql
def test_janitors_pass_by_a_cluster_that_is_locked_and_serve_the_others():
    now = datetime.now(UTC)
    mine, theirs = ConnectorFactory().charge_point, ConnectorFactory().charge_point
    for station in (mine, theirs):
        queue_command(station, ClearCache(), by="x", now=now)
        station.connection_id = uuid4()
        station.online_until = now
        station.save()
    later = now + timedelta(days=1)
    with elsewhere(lambda: lock_cluster(mine.cluster_id)):
        assert delivery.expire_unsent(now=later) == 1
        assert connections.end_lapsed_leases(now=later) == 1
    assert ChargerCommand.objects.get(state=CommandState.QUEUED).charge_point == mine
    assert delivery.expire_unsent(now=later) == 1
    assert connections.end_lapsed_leases(now=later) == 1


def test_one_clusters_error_ends_no_loop_over_all():
    ids = sorted(uuid4() for _ in range(3))
    done: list[UUID] = []

    def act(cluster_id: UUID) -> int:
        if cluster_id == ids[0]:
            raise ValueError("its rows are odd")
        done.append(cluster_id)
        return 1

    assert for_each_free_cluster(ids, act) == 2
    assert done == ids[1:]


def test_what_a_lost_socket_sent_becomes_unknown_though_nobody_could_store_its_end():
    now = datetime.now(UTC)
    station = ConnectorFactory().charge_point
    command = queue_command(station, ClearCache(), by="x", now=now)
    ChargerCommand.objects.filter(pk=command.pk).update(
        state=CommandState.SENT, sent_at=now, connection_id=uuid4()
    )
    assert delivery.lose_orphaned(now=now) == 0
    assert delivery.lose_orphaned(now=now + timedelta(seconds=6)) == 1
    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN


def test_what_is_open_on_the_socket_that_counts_is_left_to_it():
    now = datetime.now(UTC)
    station = ConnectorFactory().charge_point
    station.connection_id = uuid4()
    station.save()
    command = queue_command(station, ClearCache(), by="x", now=now)
    ChargerCommand.objects.filter(pk=command.pk).update(
        state=CommandState.SENT, sent_at=now, connection_id=station.connection_id
    )
    assert delivery.lose_orphaned(now=now + timedelta(minutes=5)) == 0


def test_rows_are_locked_without_barring_who_refers_to_them():
    """A meter value names its connector; a lock that keeps others from naming it makes two transactions wait in a ring."""
    call = re.compile(r"select_for_update\(((?:[^()]|\([^()]*\))*)\)")
    barring = [
        f"{path.relative_to(settings.BASE_DIR)}: {found[0]}"
        for path in Path(settings.BASE_DIR).glob("[a-z]*/**/*.py")
        if path.relative_to(settings.BASE_DIR).parts[0] not in ("tests", "var")
        for found in call.finditer(path.read_text())
        if "no_key=True" not in found[1]
    ]
    assert barring == []


@needs_postgresql
def test_report_that_has_waited_long_waits_longer_for_a_cluster_that_is_locked_again_and_again(monkeypatch):
    # However busy this machine is, the lock is given back before that.
    monkeypatch.setattr(intake, "PATIENCE_OF_STARVING", timedelta(seconds=WAIT_S))
    report = StatusReport(
        source=source_of(ConnectorFactory()),
        received_at=datetime.now(UTC),
        connector_number=1,
        status=ConnectorStatus.PREPARING,
    )
    cluster_id = report.source.cluster_id
    with elsewhere(lambda: lock_cluster(cluster_id)):
        assert Desk().take([report], patient=cluster_id) == [SET_ASIDE]
    starving = replace(report, received_at=report.received_at - intake.STARVES_AFTER)
    with elsewhere(lambda: lock_cluster(cluster_id), for_s=0.5):
        assert Desk().take([starving], patient=cluster_id) == [TAKEN]


@needs_postgresql
def test_process_that_hangs_in_a_cluster_loses_it(monkeypatch):
    """Stopped between two statements it says nothing more, and its connection stays open."""
    monkeypatch.setattr(locks, "LONGEST_SILENCE", timedelta(milliseconds=100))
    cluster_id = uuid4()
    with pytest.raises(OperationalError), elsewhere(lambda: lock_cluster(cluster_id)), transaction.atomic():
        lock_cluster(cluster_id)
