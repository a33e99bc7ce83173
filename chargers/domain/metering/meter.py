"""Stores meter values, many sockets' at a time, and keeps each session's energy and live load."""

import io
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from chargers.domain.metering import clocks, draws, exports, orphans, samples, signed_values
from chargers.domain.metering.draws import Draw
from chargers.domain.metering.meter_book import MeterBook
from chargers.domain.metering.metered import NO_PHASES, MeteredConnector, MeteredSession
from chargers.domain.metering.sequences import add_mark
from chargers.models import MeterValue
from chargers.reports.base import STATION, Source
from chargers.reports.charging import MeterReport, Sample
from evbalancer.common.db.locks import LONGEST_ROW_WAIT, bound_waits
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
UNKNOWN = "unknown transaction"
MOST_WH = 2**62
NOMINAL_V = 240
LETTERS = draws.LETTERS
Row = tuple[Any, ...]
COPY = f"COPY chargers_metervalue ({', '.join(COLUMNS)}) FROM STDIN WITH (NULL 'None')"
LINE = "\t".join(["%s"] * len(COLUMNS)) + "\n"


def take_meter_values(reports: Sequence[MeterReport], book: MeterBook) -> None:
    """Store the reports of many sockets in the caller's transaction.

    The values themselves are always stored; a session's own row follows at most once a second, and pages hear of it then.
    """
    now = reports[-1].received_at
    connectors = book.open(reports, now=now)
    rows: list[Row] = []
    ids = _new_ids(sum(len(report.samples) for report in reports))
    touched: dict[str, tuple[MeteredSession, Source]] = {}
    strays: dict[UUID, tuple[Draw, Source]] = {}
    signed: list[signed_values.Kept] = []
    for report, connector in zip(reports, connectors, strict=True):
        if connector is None and report.connector_number == STATION:
            continue  # the station's main meter: its connectors are metered one by one
        if connector is None:
            why = f"there is no connector {report.connector_number}"
            bound_waits(LONGEST_ROW_WAIT)
            orphans.keep_orphan(
                report.source, action="MeterValues", why=why, payload=report.payload, now=report.received_at
            )
            continue
        session = book.session(report, connector)
        if session is not None and report.sequence is not None:
            session.events, session.heard = session.events.adding(report.sequence), True
            session.marks = add_mark(session.marks, report.sequence, report.mark)
        if report.signed and session is not None:
            signed += signed_values.of_session(session.id, report)
        for sample in report.samples:
            row, stray = _row(next(ids), report, sample, book=book, connector=connector, session=session)
            rows.append(row)
            if stray is not None:
                strays[connector.id] = (stray, report.source)
        for one in (session, connector.running):
            if one is not None and one.heard:
                touched[one.id_text] = (one, report.source)
    _insert(rows)
    signed_values.keep_signed(signed)
    book.write(touched.values(), now=now)
    book.write_strays(strays)


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
    sample: Sample,
    *,
    book: MeterBook,
    connector: MeteredConnector,
    session: MeteredSession | None,
) -> tuple[Row, Draw | None]:
    """A row of values, and what flows without a transaction, if this says so."""
    received_at = report.received_at
    measured_at = sample.measured_at or received_at
    currents = draws.told_by_phase(sample, connector.rotation)
    energy_wh, quarantine = _energy(report, connector, session, sample)
    if session is not None and sample.export_wh is not None:
        most_w = max_power_w(connector.max_current_ma)
        exports.note_export(session, sample.export_wh, max_power_w=most_w, at=received_at)
    stray = None
    # The current belongs to the connector, whichever transaction the message names.
    if clocks.is_live(
        sample.measured_at, received_at=received_at, skew_s=connector.skew_s
    ) or book.keeps_pace(connector, measured_at, received_at=received_at):
        running = connector.running
        is_register_known = energy_wh is not None and quarantine in ("", UNKNOWN)
        register = draws.Register(measured_at, energy_wh or 0) if is_register_known else None
        draw = _draw(book, connector, running, sample, register, now=received_at)
        if running is not None:
            _note_live(running, sample, draw, now=received_at)
        elif draw is not None:
            stray = draw[0]
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
    ), stray


def _draw(
    book: MeterBook,
    connector: MeteredConnector,
    running: MeteredSession | None,
    sample: Sample,
    register: draws.Register | None,
    *,
    now: datetime,
) -> tuple[Draw, str] | None:
    """The draw that a live sample reports, and its grid phases."""
    if not samples.is_present(sample.context):
        return None
    if draws.is_partial(sample, connector.rotation):
        sample = book.with_other_phases(connector, sample, at=now)
    rise_w = None
    if register is not None and samples.is_running(sample.context):
        if sample.power_w is None:
            rise_w = book.rise_w(connector, register)
        else:
            book.note_register(connector, register)
    wiring = connector.wiring("" if running is None else running.phases_seen)
    draw, loaded = draws.measure_draw(sample, wiring, rise_w=rise_w, at=now)
    return None if draw is None else (draw, loaded)


def _energy(
    report: MeterReport, connector: MeteredConnector, session: MeteredSession | None, sample: Sample
) -> tuple[int | None, str]:
    """The register in Wh as an absolute number, and why it is not billed, if it is not."""
    if sample.register is None:
        return None, ""
    register_wh = round(min(abs(sample.register) * (1000 if sample.register_is_kwh else 1), MOST_WH))
    if session is None or session.is_settled:
        is_foreign = report.transaction_id is not None and session is None
        return register_wh, UNKNOWN if is_foreign else ""
    if not session.has_start and sample.context != samples.END:
        # The first that is seen is all that it can count from.
        session.start_wh = session.learnt_start_wh = register_wh
        session.has_start = session.heard = True
        return register_wh, ""
    if not samples.is_running(sample.context):
        return register_wh, "" if sample.context == samples.BEGIN else "not the running register"
    metered_wh = _metered_wh(report, connector, session, sample, register_wh)
    if metered_wh is None:
        is_back = register_wh < session.start_wh + session.energy_wh
        return register_wh, "register went back" if is_back else "register jumped"
    session.energy_wh, session.since = metered_wh, report.received_at
    session.heard = True
    return session.start_wh + metered_wh, ""


def _metered_wh(
    report: MeterReport,
    connector: MeteredConnector,
    session: MeteredSession,
    sample: Sample,
    register_wh: int,
) -> int | None:
    """The energy since the start by a running register; None when it can't be."""
    received_at = report.received_at
    elapsed_s = 0.0 if session.since is None else (received_at - session.since).total_seconds()
    began = session.began or session.since
    total_s = elapsed_s if began is None else max(elapsed_s, (received_at - began).total_seconds())
    power_w = max_power_w(connector.max_current_ma)
    register = sample.register or 0.0
    absolute_wh = samples.absolute_wh(register, is_kwh=sample.register_is_kwh, start_wh=session.start_wh)
    if samples.is_likely(
        absolute_wh,
        metered_wh=session.energy_wh,
        elapsed_s=elapsed_s,
        total_s=total_s,
        max_power_w=power_w,
    ):
        return round(absolute_wh)  # as nearly all are; the code below can only find more room
    own_span = clocks.own_span(
        session.charger_since, sample.measured_at, received_at=received_at, skew_s=connector.skew_s
    )
    elapsed_s, total_s = (max(each_s, own_span.total_seconds()) for each_s in (elapsed_s, total_s))
    total_wh = samples.most_possible_wh(
        total_s, max_power_w=power_w, registers_wh=(session.start_wh, register_wh)
    )
    return samples.session_energy_wh(
        register,
        is_kwh=sample.register_is_kwh,
        start_wh=session.start_wh,
        metered_wh=session.energy_wh,
        elapsed_s=elapsed_s,
        max_power_w=power_w,
        total_wh=total_wh,
    )


def max_power_w(max_current_ma: int) -> int:
    """The most that a connector of this nameplate gives."""
    return max_current_ma * len(PHASES) * NOMINAL_V // 1000


def _note_live(
    session: MeteredSession, sample: Sample, drawn: tuple[Draw, str] | None, *, now: datetime
) -> None:
    session.heard = True
    session.metered_at = now
    if sample.charge_pct is not None:
        session.charge_pct = sample.charge_pct
    if drawn is None:
        return
    draw, loaded = drawn
    session.currents_ma, session.power_w = draw.current_ma, draw.power_w
    session.draw_source, session.drawn_at = draw.source.value, draw.at
    if loaded and session.phases_seen != LETTERS:
        session.phases_seen = "".join(
            [
                letter
                for letter, ma in zip(LETTERS, draw.current_ma, strict=True)
                if (letter in loaded and ma >= DRAWING_MA) or letter in session.phases_seen
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
