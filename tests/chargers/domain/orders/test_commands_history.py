"""What the writer does for every message, every socket and every two seconds reads no charge point's whole past (SQLite)."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection

from chargers.domain.limits import read_back
from chargers.domain.orders import delivery
from chargers.domain.orders.commands import queue_command
from chargers.domain.sockets import connections
from chargers.models import ChargerCommand, Session
from chargers.ocpp.sockets import switchboard
from chargers.orders.trust import ClearCache
from chargers.reports.base import Source
from chargers.reports.sockets import BootReport
from tests.factories.chargers import ConnectorFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="These are SQLite's plans"),
]
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
TABLE = ChargerCommand._meta.db_table


@contextmanager
def plans():
    """The plans of all that is asked of the commands in the block, made with the very parameters."""
    found = []

    def explain(execute, sql, params, many, context):
        if TABLE in sql and sql.startswith(("SELECT", "UPDATE")):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                found.extend((row[3], sql) for row in cursor.fetchall() if _is_of_commands(row[3]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _is_of_commands(step: str) -> bool:
    return step.startswith((f"SCAN {TABLE}", f"SEARCH {TABLE}"))


def reads_history(step: str) -> bool:
    if step.startswith("SCAN"):
        return True
    condition = step[step.index("(") :]
    return not any(name in condition for name in ("state=", "kind=", "id=?)", "idempotency_key=")) or (
        condition in ("(charge_point_id=?)", "(connector_id=?)", "(session_id=?)")
    )


def boot(connector):
    station = connector.charge_point
    connections.take_boot(
        BootReport(
            source=Source(station.pk, station.cluster_id, station.community_id, None),
            received_at=NOW,
            vendor="V",
            model="M",
            serial_number="",
            firmware_version="",
        ),
        now=NOW,
    )


@pytest.mark.parametrize(
    "work",
    [
        lambda _: switchboard._waiting(),
        lambda connector: delivery.claim_all({connector.pk: connector.charge_point_id}, now=NOW),
        lambda connector: delivery.waiting_for_orders([connector.charge_point_id], now=NOW),
        lambda connector: delivery.with_unanswered([connector.pk]),
        lambda connector: delivery.lose_sent(connector.pk, now=NOW),
        lambda _: delivery.expire_unsent(now=NOW),
        lambda _: delivery.lose_orphaned(now=NOW),
        lambda connector: read_back.newest_reads([Session(connector=connector)]),
        boot,
    ],
    ids=["poll", "claim", "orders", "unanswered", "lose", "expire", "orphaned", "read-back", "boot"],
)
def test_commands_are_found_without_reading_the_past(work):
    connector = ConnectorFactory()
    queue_command(connector.charge_point, ClearCache(), by="x", now=NOW)
    with plans() as found:
        work(connector)
    assert found, "it asks nothing of the commands"
    assert [step for step in found if reads_history(step[0])] == []
