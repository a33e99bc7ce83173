"""Stores meter values, many sockets' at a time, and keeps each session's energy and live load."""

import io
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from chargers.domain import clocks, orphans, samples
from chargers.domain.meter_book import NO_PHASES, MeterBook, MeteredConnector, MeteredSession, Phases
from chargers.enums import SessionState
from chargers.models import MeterValue
from chargers.models.charge_point import GRID_PHASE
from chargers.reports import MeterReport, Sample, Source
from evbalancer.common.units import PHASES

COLUMNS = (
    "received_at",
    "id",
    "community_id",
    "connector_id",
    "session_id",
    "measured_at",
    "context",
    "energy_wh",
    "power_w",
    "current_l1_ma",
    "current_l2_ma",
    "current_l3_ma",
    "voltage_l1_mv",
    "voltage_l2_mv",
    "voltage_l3_mv",
    "offered_ma",
    "charge_pct",
    "quarantine",
)
DRAWING_MA = 1_000
MOST_WH = 2**62
NOMINAL_V = 240
STATION = 0
LETTERS = "RST"
Row = tuple[Any, ...]
COPY = f"COPY chargers_metervalue ({', '.join(COLUMNS)}) FROM STDIN WITH (NULL 'None')"
LINE = "\t".join(["%s"] * len(COLUMNS)) + "\n"


def take(reports: Sequence[MeterReport], book: MeterBook) -> None:
    """Store the reports of many sockets in the caller's transaction.

    The values themselves are always stored; a session's own row follows at most once a second, and is told then.
    """
    now = reports[-1].received_at
    book.open(reports, now=now)
    rows: list[Row] = []
    ids = _new_ids(sum(len(report.samples) for report in reports))
    touched: dict[UUID, tuple[MeteredSession, Source]] = {}
    for report in reports:
        if report.connector_number == STATION:
            continue  # the station's main meter: its connectors are metered one by one
        connector = book.connector(report.source, report.connector_number)
        if connector is None:
            why = f"there is no connector {report.connector_number}"
            orphans.keep(
                report.source, action="MeterValues", why=why, payload=report.payload, now=report.received_at
            )
            continue
        session = book.session(report, connector)
        if session is not None and report.sequence is not None:
            session.events, session.heard = session.events.adding(report.sequence), True
        rows.extend([_row(next(ids), report, connector, session, sample) for sample in report.samples])
        if session is not None and session.heard:
            touched[session.id] = (session, report.source)
    _insert(rows)
    book.write(touched.values(), now=now)


def _new_ids(count: int) -> Iterator[str]:
    """Random UUIDs (version 4) as text, from one look at the system's source."""
    digits = os.urandom(16 * count).hex()
    return (
        f"{digits[at : at + 12]}4{digits[at + 13 : at + 16]}8{digits[at + 17 : at + 32]}"
        for at in range(0, 32 * count, 32)
    )


def _row(
    value_id: str,
    report: MeterReport,
    connector: MeteredConnector,
    session: MeteredSession | None,
    sample: Sample,
) -> Row:
    received_at = report.received_at
    measured_at = sample.measured_at or received_at
    currents = _on_grid(sample, connector.rotation)
    energy_wh, quarantine = _energy(report, connector, session, sample)
    is_live = clocks.is_live(sample.measured_at, received_at=received_at, skew_s=connector.skew_s)
    if session is not None and is_live and session.state == SessionState.ACTIVE:
        _note_live(session, sample, currents, now=received_at)
    voltages = sample.voltages_mv or NO_PHASES
    return (
        received_at,
        value_id,
        report.source.community_id,
        connector.id_text,
        session.id_text if session is not None else None,
        measured_at,
        sample.context,
        energy_wh,
        sample.power_w,
        *currents,
        *voltages,
        sample.offered_ma,
        sample.charge_pct,
        quarantine,
    )


def _energy(
    report: MeterReport, connector: MeteredConnector, session: MeteredSession | None, sample: Sample
) -> tuple[int | None, str]:
    """The register in Wh as an absolute number, and why it is not billed, if it is not."""
    if sample.register is None:
        return None, ""
    register_wh = round(min(abs(sample.register) * (1000 if sample.register_is_kwh else 1), MOST_WH))
    if report.transaction_id is not None and session is None:
        return register_wh, "unknown transaction"
    if session is None or session.is_settled:
        return register_wh, ""
    elapsed_s = 0.0
    if session.since is not None:
        elapsed_s = (report.received_at - session.since).total_seconds()
    if session.charger_since is not None and sample.measured_at is not None:
        elapsed_s = max(elapsed_s, (sample.measured_at - session.charger_since).total_seconds())
    metered_wh = samples.session_energy_wh(
        sample.register,
        is_kwh=sample.register_is_kwh,
        start_wh=session.start_wh,
        metered_wh=session.energy_wh,
        elapsed_s=elapsed_s,
        max_power_w=connector.max_current_ma * len(PHASES) * NOMINAL_V // 1000,
    )
    if metered_wh is None:
        return (
            register_wh,
            "register went back" if register_wh < session.start_wh + session.energy_wh else "register jumped",
        )
    session.energy_wh, session.since = metered_wh, report.received_at
    session.heard = True
    return session.start_wh + metered_wh, ""


def _on_grid(sample: Sample, rotation: str) -> Phases:
    """Currents by the grid's phases. A current without a phase flows on every phase that the connector has."""
    if sample.currents_ma is not None:
        if rotation in ("", LETTERS):
            return sample.currents_ma
        on_grid: list[int | None] = [None, None, None]
        for letter, current_ma in zip(rotation, sample.currents_ma, strict=False):
            on_grid[GRID_PHASE[letter]] = current_ma
        return (on_grid[0], on_grid[1], on_grid[2])
    if sample.current_ma is None:
        return NO_PHASES
    wired = rotation or LETTERS
    l1, l2, l3 = (sample.current_ma if letter in wired else None for letter in LETTERS)
    return (l1, l2, l3)


def _note_live(session: MeteredSession, sample: Sample, currents: Phases, *, now: datetime) -> None:
    session.heard = True
    session.metered_at = now
    if sample.power_w is not None:
        session.power_w = sample.power_w
    if sample.charge_pct is not None:
        session.charge_pct = sample.charge_pct
    if currents != NO_PHASES:
        session.currents_ma = (currents[0] or 0, currents[1] or 0, currents[2] or 0)
        if session.phases_seen != LETTERS:
            seen = session.phases_seen
            session.phases_seen = "".join(
                [
                    letter
                    for letter, ma in zip(LETTERS, currents, strict=True)
                    if (ma or 0) >= DRAWING_MA or letter in seen
                ]
            )


def _insert(rows: Sequence[Row]) -> None:
    if not rows:
        return
    if connection.vendor == "postgresql":
        _copy(rows)
    else:
        MeterValue.objects.bulk_create(
            [MeterValue(**dict(zip(COLUMNS, row, strict=True))) for row in rows], batch_size=200
        )


def _copy(rows: Sequence[Row]) -> None:
    # No value can hold a tab, a newline or a backslash: ids, times, numbers, and words that were cut to OCPP's own.
    text = "".join([LINE % row for row in rows])
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY, io.StringIO(text), len(text))
