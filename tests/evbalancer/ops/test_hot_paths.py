"""No query of the writer, a rebalance or a job reads a ledger from end to end: EXPLAIN on the database that the tests run on."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from chargers.domain.intake import Desk
from chargers.models import (
    ChargerCommand,
    Connector,
    MeterMean,
    MeterValue,
    OcppMessage,
    Session,
    SignedMeterValue,
)
from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample, StartReport, StatusReport, StopReport, TokenReport
from chargers.reports.commands import CommandPull
from chargers.reports.sockets import BootReport, Hangup
from drivers.models import Notification
from evbalancer.ops import periodic
from fleet.models import Stay, VehicleReading
from grid.models import AuditEntry, MeterReading
from pricing.models import BillLine, LoadProfile, StatementItem
from scheduling.domain.balancing.rebalance import share_power
from scheduling.models import FairnessEntry, RebalanceRun, SlotRequest
from tests.e2e import site

# What grows by the day for as long as the server is there.
LEDGERS = {
    model._meta.db_table
    for model in (
        AuditEntry, BillLine, ChargerCommand, FairnessEntry, LoadProfile, MeterMean, MeterReading, MeterValue, Notification,
        OcppMessage, RebalanceRun, Session, SignedMeterValue, SlotRequest, StatementItem, Stay, VehicleReading,
    )
}  # fmt: skip
NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


class Asked:
    """The queries of some work, each form of them once, with the values of its first time."""

    def __init__(self) -> None:
        self.by_form: dict[str, tuple[str, Any]] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        with connection.execute_wrapper(self._note):
            yield

    def _note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            form = re.sub(r"\((%s, )+%s\)", "(%s)", sql)
            self.by_form.setdefault(form, (sql, params))
        return execute(sql, params, many, context)


def scans_of(sql: str, params: Any) -> list[str]:
    """What of the plan reads a ledger from end to end. The rows of an index up to a limit are no scan."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table of a few rows is scanned whatever indexes it has.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            [[plan]] = cursor.fetchall()
            found = json.loads(plan) if isinstance(plan, str) else plan
            return list(_scans_of_node(found[0]["Plan"], is_limited=False))
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    is_limited = bool(re.search("ORDER BY .* LIMIT ", sql)) and not any(
        "TEMP B-TREE" in step for step in steps
    )
    names = {alias: table for table in LEDGERS for alias in _aliases(sql, table)}
    return [
        step
        for step in steps
        if (match := re.match(r"SCAN (\S+)(.*)", step)) and match[1] in names and not is_limited
    ]


def _aliases(sql: str, table: str) -> set[str]:
    return {table, *re.findall(rf'"{table}" (?:AS )?"?([A-Z]+\d+)"?', sql)}


def _scans_of_node(node: dict[str, Any], *, is_limited: bool) -> Iterator[str]:
    kind = node["Node Type"]
    is_limited = kind == "Limit" or (is_limited and kind not in {"Sort", "Aggregate", "HashAggregate"})
    # A partition is a part of its ledger.
    if re.sub(r"_(first|default|p\d{8})$", "", node.get("Relation Name", "")) in LEDGERS and "Scan" in kind:
        is_by_index = kind.startswith("Index") and ("Index Cond" in node or is_limited)
        if not is_by_index and kind != "Bitmap Heap Scan":
            yield f"{kind} of {node['Relation Name']} {node.get('Index Name', '')}"
    if kind == "Bitmap Index Scan" and "Index Cond" not in node and not _is_partial(node["Index Name"]):
        yield f"{kind} {node['Index Name']}"
    for below in node.get("Plans", []):
        yield from _scans_of_node(below, is_limited=is_limited)


def _is_partial(index: str) -> bool:
    """It holds the few rows that its condition names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indpred IS NOT NULL FROM pg_index WHERE indexrelid = %s::regclass", [index])
        return bool(cursor.fetchone()[0])


def told(asked: Asked) -> list[str]:
    found = []
    for form, (sql, params) in asked.by_form.items():
        found += [f"{scan}: {form}" for scan in scans_of(sql, params)]
    return found


@pytest.mark.django_db
def test_writer_reads_no_ledger_from_end_to_end() -> None:
    built = site.build()
    asked = Asked()
    connector = Connector.objects.select_related("charge_point").first()
    point = connector.charge_point
    source = Source(point.pk, built.cluster.pk, built.cluster.community_id, uuid4())
    desk = Desk()

    def at(minute: int) -> dict[str, Any]:
        return {"source": source, "received_at": NOW + timedelta(minutes=minute)}

    def sample(minute: int) -> Sample:
        return Sample(
            measured_at=NOW + timedelta(minutes=minute), register=1_000 + minute * 100, power_w=7_000
        )

    with asked.noted():
        desk.take([BootReport(**at(0), vendor="V", model="M")])
        desk.take([StatusReport(**at(1), connector_number=1, status="Preparing")])
        desk.take([TokenReport(**at(1), id_tag="TAGB1")])
        start = StartReport(
            **at(2), connector_number=1, id_tag="TAGB1", meter_wh=1_000, charger_at=NOW + timedelta(minutes=2), payload={}
        )  # fmt: skip
        [begun] = desk.take([start])
        for minute in (3, 4):
            meter = MeterReport(
                **at(minute), connector_number=1, transaction_id=begun.transaction_id, samples=(sample(minute),), payload={}
            )  # fmt: skip
            desk.take([meter])
            desk.write_owed(now=NOW + timedelta(minutes=minute))
        desk.take([CommandPull(**at(5))])
        stop = StopReport(
            **at(6), transaction_id=begun.transaction_id, meter_wh=2_000, charger_at=NOW + timedelta(minutes=6), payload={}
        )  # fmt: skip
        desk.take([stop])
        desk.take([StatusReport(**at(7), connector_number=1, status="Available")])
        desk.take([Hangup(**at(8))])
    assert Session.objects.filter(energy_wh=1_000).exists()
    assert told(asked) == []


@pytest.mark.parametrize("row", periodic.ROWS, ids=lambda row: row.name)
def test_job_reads_no_ledger_from_end_to_end(world, row: periodic.Row) -> None:
    asked = Asked()
    with asked.noted():
        for one in [None] if row.over is None else row.over():
            row.run(*([] if one is None else [one]), now=NOW)
    assert told(asked) == []


@pytest.mark.django_db
def test_rebalance_reads_no_ledger_from_end_to_end(world) -> None:
    asked = Asked()
    with asked.noted():
        share_power(world["grid.Cluster"].pk, now=NOW)
    assert told(asked) == []
