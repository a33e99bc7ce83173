"""Workers that rebalance one cluster at the same moment, and the broker that hands a task out twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from chargers.domain.limits import limits as charger_limits
from chargers.enums import CommandKind, ConnectorStatus, SessionState
from chargers.models import ChargePoint, ChargerCommand, Connector, Session
from evbalancer.common.db.locks import lock_cluster
from scheduling.models import RebalanceRun
from scheduling.tasks import rebalance_cluster
from tests.chargers.conftest import until
from tests.e2e import site

WORKERS = 4


def start(identity: str, *, number: int) -> None:
    now = datetime.now(UTC)
    connector = Connector.objects.select_related("charge_point__cluster").get(charge_point__identity=identity)
    session = Session.objects.create(
        community_id=connector.community_id,
        connector=connector,
        state=SessionState.ACTIVE,
        state_since=now,
        plugged_at=now,
        started_at=now,
        transaction_id=number,
    )
    charger_limits.transaction_started(session, now=now)


def work(cluster_id: str) -> None:
    """What a worker does with a task, redelivered or not."""
    try:
        rebalance_cluster.apply(args=(cluster_id,), throw=True)
    finally:
        connection.close()


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.promise("R5")
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="On SQLite every transaction is the only writer"
)
def test_cluster_is_rebalanced_by_one_worker_at_a_time_and_the_others_find_it_done() -> None:
    built = site.build()
    soon = datetime.now(UTC) + timedelta(days=1)
    ChargePoint.objects.update(online_until=soon)
    Connector.objects.update(
        fallback_ma=0, fallback_confirmed_at=datetime.now(UTC), status=ConnectorStatus.CHARGING
    )
    with ThreadPoolExecutor(WORKERS) as pool:
        with transaction.atomic():
            lock_cluster(built.cluster.pk)
            working = [pool.submit(work, str(built.cluster.pk)) for _ in range(WORKERS)]
            until(lambda: waiting() == WORKERS, wait_s=15)
            # Committed with the lock: those that wait have to see it, though they began before.
            for number, identity in enumerate(("B1", "B5"), 1):
                start(identity, number=number)
            assert not ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT).exists()
        for task in working:
            task.result()
    # And once more, long after: the broker believes that a worker was lost.
    work(str(built.cluster.pk))
    sent = ChargerCommand.objects.filter(kind=CommandKind.SET_LIMIT).values_list(
        "connector__charge_point__identity", "limit_ma"
    )
    assert sorted(sent) == [("B1", 23_000), ("B5", 16_000)]
    assert RebalanceRun.objects.count() == 1
    room_ma = site.PANEL_MA - built.cluster.margin_ma
    reserved = Connector.objects.get(charge_point__identity="B1").reservation_ma
    beside = Connector.objects.get(charge_point__identity="B5").reservation_ma
    assert [one + other <= room_ma for one, other in zip(reserved, beside, strict=True)] == [True] * 3
