"""Stores meter values, many sockets' at a time, and keeps each session's energy and live load."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import FilteredRelation, Q

from chargers.domain import bulk, clocks, orphans, samples
from chargers.enums import SessionState
from chargers.events import SessionMetered
from chargers.models import Connector, MeterValue, Session
from chargers.models.charge_point import GRID_PHASE
from chargers.models.session import OPEN_STATES
from chargers.reports import MeterReport, Sample, Source
from evbalancer.common.events import publish
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
SESSION_COLUMNS = {
    "energy_wh": "int",
    "power_w": "int",
    "current_l1_ma": "int",
    "current_l2_ma": "int",
    "current_l3_ma": "int",
    "charge_pct": "int",
    "metered_at": "timestamptz",
    "phases_seen": "text",
}
DRAWING_MA = 1_000
NOMINAL_V = 240
STATION = 0
LETTERS = "RST"
Phases = tuple[int | None, int | None, int | None]
NO_PHASES: Phases = (None, None, None)
Row = tuple[Any, ...]


@dataclass(slots=True)
class _Session:
    """What metering needs to know of a session, and what this batch learns about it."""

    id: UUID
    transaction_id: int | None
    state: str
    start_wh: int
    energy_wh: int
    since: datetime | None
    charger_since: datetime | None
    is_settled: bool
    phases_seen: str
    heard: bool = False
    power_w: int | None = None
    currents_ma: Phases = NO_PHASES
    charge_pct: int | None = None
    metered_at: datetime | None = None


@dataclass(slots=True)
class _Connector:
    id: UUID
    rotation: str
    max_current_ma: int
    skew_s: int
    session: _Session | None


def take(reports: Sequence[MeterReport]) -> None:
    """Store the reports of many sockets in the caller's transaction, and tell once of each session they touch."""
    connectors = _connectors({report.source.charge_point_id for report in reports})
    strangers = _strangers(reports, connectors)
    rows: list[Row] = []
    touched: dict[UUID, tuple[_Session, Source]] = {}
    for report in reports:
        if report.connector_number == STATION:
            continue  # the station's main meter: its connectors are metered one by one
        connector = connectors.get((report.source.charge_point_id, report.connector_number))
        if connector is None:
            why = f"there is no connector {report.connector_number}"
            orphans.keep(
                report.source, action="MeterValues", why=why, payload=report.payload, now=report.received_at
            )
            continue
        session = _session_of(report, connector, strangers)
        rows.extend(_row(report, connector, session, sample) for sample in report.samples)
        if session is not None and report.samples:
            touched[session.id] = (session, report.source)
    _insert(rows)
    _update_sessions([session for session, _ in touched.values()])
    for session, source in touched.values():
        publish(SessionMetered(session_id=session.id, cluster_id=source.cluster_id))


def _connectors(charge_point_ids: Iterable[UUID]) -> dict[tuple[UUID, int], _Connector]:
    open_session = FilteredRelation("sessions", condition=Q(sessions__state__in=OPEN_STATES))
    if connection.vendor == "postgresql":
        # One parameter in place of a thousand, each of which Django would prepare by itself.
        array = "{" + ",".join(map(str, charge_point_ids)) + "}"
        asked = Connector.objects.extra(
            where=["chargers_connector.charge_point_id = ANY(%s::uuid[])"], params=[array]
        )
    else:
        asked = Connector.objects.filter(charge_point_id__in=list(charge_point_ids))
    found = (
        asked.filter(retired_at=None)
        .annotate(now_open=open_session)
        .order_by()
        .values_list(
            "charge_point_id",
            "number",
            "id",
            "phase_rotation",
            "max_current_ma",
            "charge_point__clock_skew_s",
            "now_open__id",
            *(f"now_open__{name}" for name in _SESSION_FIELDS),
        )
    )
    return {
        (charge_point_id, number): _Connector(
            id_, rotation, max_current_ma, skew_s, _session(session_id, *fields) if session_id else None
        )
        for charge_point_id, number, id_, rotation, max_current_ma, skew_s, session_id, *fields in found
    }


_SESSION_FIELDS = (
    "transaction_id",
    "state",
    "meter_start_wh",
    "energy_wh",
    "metered_at",
    "started_at",
    "charger_started_at",
    "meter_stop_wh",
    "phases_seen",
)


def _session(session_id: UUID, *fields: Any) -> _Session:
    (
        transaction_id,
        state,
        start_wh,
        energy_wh,
        metered_at,
        started_at,
        charger_since,
        stop_wh,
        phases_seen,
    ) = fields
    return _Session(
        id=session_id,
        transaction_id=transaction_id,
        state=state,
        start_wh=start_wh or 0,
        energy_wh=energy_wh,
        since=metered_at or started_at,
        charger_since=charger_since,
        is_settled=stop_wh is not None,
        phases_seen=phases_seen,
    )


def _strangers(
    reports: Iterable[MeterReport], connectors: dict[tuple[UUID, int], _Connector]
) -> dict[tuple[UUID, int], _Session]:
    """Sessions that are named by a transaction id but are not the open one of their connector."""
    wanted: dict[int, UUID] = {}
    for report in reports:
        connector = connectors.get((report.source.charge_point_id, report.connector_number))
        if connector is None or report.transaction_id is None:
            continue
        if connector.session is None or connector.session.transaction_id != report.transaction_id:
            wanted[report.transaction_id] = connector.id
    if not wanted:
        return {}
    found = Session.objects.filter(transaction_id__in=wanted).values_list(
        "connector_id", "id", *_SESSION_FIELDS
    )
    return {(connector_id, fields[0]): _session(id_, *fields) for connector_id, id_, *fields in found}


def _session_of(
    report: MeterReport, connector: _Connector, strangers: dict[tuple[UUID, int], _Session]
) -> _Session | None:
    session = connector.session
    if report.transaction_id is None:
        return session if session is not None and session.state == SessionState.ACTIVE else None
    if session is not None and session.transaction_id == report.transaction_id:
        return session
    return strangers.get((connector.id, report.transaction_id))


def _row(report: MeterReport, connector: _Connector, session: _Session | None, sample: Sample) -> Row:
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
        uuid4(),
        report.source.community_id,
        connector.id,
        session.id if session is not None else None,
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
    report: MeterReport, connector: _Connector, session: _Session | None, sample: Sample
) -> tuple[int | None, str]:
    """The register in Wh as an absolute number, and why it is not billed, if it is not."""
    if sample.register is None:
        return None, ""
    register_wh = round(min(abs(sample.register) * (1000 if sample.register_is_kwh else 1), 2**62))
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
    session.energy_wh = metered_wh
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


def _note_live(session: _Session, sample: Sample, currents: Phases, *, now: datetime) -> None:
    session.heard = True
    session.metered_at = now
    if sample.power_w is not None:
        session.power_w = sample.power_w
    if sample.charge_pct is not None:
        session.charge_pct = sample.charge_pct
    if currents != NO_PHASES:
        session.currents_ma = (currents[0] or 0, currents[1] or 0, currents[2] or 0)
        drawing = "".join(
            letter for letter, ma in zip(LETTERS, currents, strict=True) if (ma or 0) >= DRAWING_MA
        )
        if drawing and not set(drawing) <= set(session.phases_seen):
            session.phases_seen = "".join(
                letter for letter in LETTERS if letter in drawing + session.phases_seen
            )


def _insert(rows: Sequence[Row]) -> None:
    if connection.vendor == "postgresql":
        _copy(rows)
    else:
        MeterValue.objects.bulk_create(
            [MeterValue(**dict(zip(COLUMNS, row, strict=True))) for row in rows], batch_size=200
        )


def _copy(rows: Sequence[Row]) -> None:
    # No value can hold a tab, a newline or a backslash: ids, times, numbers, and words that were cut to OCPP's own.
    text = "".join(
        ["\t".join(["\\N" if value is None else str(value) for value in row]) + "\n" for row in rows]
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY chargers_metervalue ({', '.join(COLUMNS)}) FROM STDIN", io.StringIO(text))


def _update_sessions(sessions: Iterable[_Session]) -> None:
    rows = [
        (
            session.id,
            session.energy_wh,
            session.power_w,
            *session.currents_ma,
            session.charge_pct,
            session.metered_at,
            session.phases_seen,
        )
        for session in sessions
        if session.heard
    ]
    bulk.update_rows(
        "chargers_session", key="id", columns=SESSION_COLUMNS, rows=sorted(rows, key=lambda row: row[0])
    )
