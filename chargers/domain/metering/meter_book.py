"""A process's memory of the connectors that it meters, so that a message costs one insert and not three statements.

A charge point's messages all come through one socket, so what changes its sessions comes through here as well; what
others change (a janitor, a manager) is noticed when the page is read again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db import connection

from chargers.domain.metering.clocks import LIVE_WITHIN, Pace
from chargers.domain.metering.draws import RISE_WITHIN, Draw, LastPhases, Register, rise_w
from chargers.domain.metering.metered import (
    MeteredConnector,
    MeteredSession,
    read_connectors,
    read_named_sessions,
)
from chargers.domain.metering.sequences import mark_of
from chargers.enums import SessionState, TransactionPhase
from chargers.models import StrayDraw
from chargers.reports.base import Source
from chargers.reports.charging import MeterReport, Sample, TransactionReport
from evbalancer.common.db.locks import LONGEST_ROW_WAIT, bound_waits
from evbalancer.common.db.rows import update_rows

# The age of a connector's page at most; changes by others are seen that much later.
PAGE_KEPT_FOR = timedelta(seconds=30)
READ_AGAIN_TOGETHER = 20
WRITE_EVERY = timedelta(seconds=1)
_id_text = attrgetter("id_text")
SESSION_COLUMNS = {
    "energy_wh": "int",
    "power_w": "int",
    "current_l1_ma": "int",
    "current_l2_ma": "int",
    "current_l3_ma": "int",
    "charge_pct": "int",
    "metered_at": "timestamptz",
    "draw_source": "text",
    "drawn_at": "timestamptz",
    "phases_seen": "text",
    "events_heard": "text",
    "event_marks": "text",
    "meter_start_wh": "bigint",
    "exported_wh": "int",
    "export_start_wh": "bigint",
}
STRAY_COLUMNS = {
    "current_l1_ma": "int",
    "current_l2_ma": "int",
    "current_l3_ma": "int",
    "power_w": "int",
    "source": "text",
    "drawn_at": "timestamptz",
}


@dataclass(slots=True)
class _Page:
    """One socket's connectors, by number."""

    connectors: dict[int, MeteredConnector]
    read_again_at: datetime


class Memory:
    """Facts about connectors that outlive a page. Books of one process share them: no connector is in two at a time."""

    def __init__(self) -> None:
        # Where its register stood, and what was written last of a stray draw.
        self.registers: dict[str, Register] = {}
        self.strays: dict[UUID, Draw] = {}
        # The clocks of meters that are off; and the last values of meters that report each phase on its own.
        self.paces: dict[str, Pace] = {}
        self.phases: dict[str, LastPhases] = {}


class SessionsBusy(Exception):  # noqa: N818 (named for what happened)
    """Somebody else has locked the rows of sessions that are metered through these sockets."""

    def __init__(self, connection_ids: Collection[UUID]) -> None:
        super().__init__(f"{len(connection_ids)} sockets wait for the rows of their sessions")
        self.connection_ids = connection_ids


class MeterBook:
    """Used by the writer's thread alone, and inside its transactions. After a rollback, `forget` what it touched."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._pages: dict[UUID, _Page] = {}
        self._strangers: dict[tuple[UUID, int], MeteredSession] = {}
        self._owed: dict[UUID, tuple[MeteredSession, Source]] = {}
        memory = memory or Memory()
        self._registers, self._strays = memory.registers, memory.strays
        self._paces, self._phases = memory.paces, memory.phases

    def open(self, reports: Sequence[MeterReport], *, now: datetime) -> list[MeteredConnector | None]:
        """Read what is missing or old, in one look at the database; returns the connector of each report, if there is one."""
        self.read([report.source for report in reports], now=now)
        connectors = [self._connector(report) for report in reports]
        self._strangers = self._find_strangers(zip(reports, connectors, strict=True))
        return connectors

    def read(self, sources: Iterable[Source], *, now: datetime) -> None:
        """Have a page for each of these sockets."""
        stale = {}
        old = 0
        for source in sources:
            page = self._pages.get(source.connection_id)
            if page is None:
                stale[source.connection_id] = source.charge_point_id
            elif page.read_again_at <= now and old < READ_AGAIN_TOGETHER:
                # A thousand sockets that opened together do not make one batch wait for a thousand pages.
                old += 1
                stale[source.connection_id] = source.charge_point_id
        if stale:
            self.settle(stale)
            by_station: dict[UUID, dict[int, MeteredConnector]] = {}
            for charge_point_id, number, connector in read_connectors(set(stale.values())):
                by_station.setdefault(charge_point_id, {})[number] = connector
            for connection_id, charge_point_id in stale.items():
                self._pages[connection_id] = _Page(by_station.get(charge_point_id, {}), now + PAGE_KEPT_FOR)

    def _connector(self, report: MeterReport) -> MeteredConnector | None:
        """The one of the transaction that is named, if that is open; else the one with the number, which some get wrong."""
        connectors = self._pages[report.source.connection_id].connectors
        connector, named = connectors.get(report.connector_number), report.transaction_id
        if named is None or (connector is not None and connector.has_open(named)):
            return connector
        return next((other for other in connectors.values() if other.has_open(named)), connector)

    def session(self, report: MeterReport, connector: MeteredConnector) -> MeteredSession | None:
        """The session that the report is about: by its transaction's id, else the one that runs."""
        session = connector.session
        if report.transaction_id is None:
            return session if session is not None and session.state == SessionState.ACTIVE else None
        if session is not None and session.transaction_id == report.transaction_id:
            return session
        return self._strangers.get((connector.id, report.transaction_id))

    def rise_w(self, connector: MeteredConnector, register: Register) -> int | None:
        """How fast the connector's register rose up to this moment, as far as its digits tell."""
        before = self._registers.get(connector.id_text)
        risen_w = rise_w(before, register)
        is_useless = before is None or not timedelta(0) <= register.at - before.at <= RISE_WITHIN
        if (
            risen_w is not None
            or is_useless
            or (before is not None and register.energy_wh < before.energy_wh)
        ):
            self._registers[connector.id_text] = register
        return risen_w

    def note_register(self, connector: MeteredConnector, register: Register) -> None:
        """The register when the meter last reported more than it: the value to count from, should it report nothing else one day."""
        self._registers[connector.id_text] = register

    def keeps_pace(self, connector: MeteredConnector, charger_at: datetime, *, received_at: datetime) -> bool:
        """Whether a reading that seems old is of now by a clock that is off."""
        before = self._paces.get(connector.id_text)
        if before is not None and before.received_at == received_at:
            # Of the moments of one message the newest is of now.
            return before.is_kept and abs(before.charger_at - charger_at) <= LIVE_WITHIN
        if before is None:
            pace = Pace(received_at, received_at, charger_at)
        else:
            pace = before.then(charger_at, received_at=received_at)
        self._paces[connector.id_text] = pace
        return pace.is_kept

    def with_other_phases(self, connector: MeteredConnector, sample: Sample, *, at: datetime) -> Sample:
        """A sample of some phases, with what the meter said of the others a moment ago."""
        known = self._phases.setdefault(connector.id_text, LastPhases())
        return known.complete(sample, at=at)

    def write_strays(self, found: Mapping[UUID, tuple[Draw, Source]]) -> None:
        """Store a current without a transaction. Of a connector without a current that is written once."""
        due = {
            connector_id: (draw, source)
            for connector_id, (draw, source) in found.items()
            if (last := self._strays.get(connector_id)) is None
            or (draw.at - last.at >= WRITE_EVERY and (any(draw.current_ma) or any(last.current_ma)))
        }
        if not due:
            return
        bound_waits(LONGEST_ROW_WAIT)
        rows = [
            (connector_id, *draw.current_ma, draw.power_w, draw.source.value, draw.at)
            for connector_id, (draw, _) in sorted(due.items())
        ]
        if update_rows("chargers_straydraw", key="connector_id", columns=STRAY_COLUMNS, rows=rows) < len(
            rows
        ):
            StrayDraw.objects.bulk_create(
                [
                    StrayDraw(
                        community_id=due[row[0]][1].community_id,
                        connector_id=row[0],
                        **dict(zip(STRAY_COLUMNS, row[1:], strict=True)),
                    )
                    for row in rows
                ],
                ignore_conflicts=True,
            )
        self._strays.update({connector_id: draw for connector_id, (draw, _) in due.items()})

    def plain(self, report: TransactionReport) -> MeterReport | None:
        """An event of a running transaction that brings its meter and nothing else, as meter values; None for all others."""
        page = self._pages.get(report.source.connection_id)
        if page is None:
            return None
        if report.phase != TransactionPhase.UPDATED or report.id_tag is not None or not report.samples:
            return None
        for number, connector in page.connectors.items():
            session = connector.session
            if (
                session is not None
                and session.uid == report.uid
                and session.state == SessionState.ACTIVE
                and session.has_start
                and not session.seems_over
                and session.events.newest == report.sequence - 1
                and report.connector_number in (None, number)
                and report.status in (None, connector.status)
            ):
                return MeterReport(
                    source=report.source,
                    received_at=report.received_at,
                    connector_number=number,
                    transaction_id=session.transaction_id,
                    sequence=report.sequence,
                    mark=mark_of(report.phase, report.charger_at),
                    samples=report.samples,
                    signed=report.signed,
                    payload=report.payload,
                )
        return None

    def write(self, touched: Iterable[tuple[MeteredSession, Source]], *, now: datetime) -> None:
        """Write and tell the sessions whose last write is a second ago; owe the others.

        Which events were heard is never owed: it is written with what the charger is answered for. A row that somebody has
        locked is not waited for. Raises SessionsBusy where what was heard could not be written.
        """
        due = []
        for session, source in touched:
            if session.uid or session.written_at is None or now - session.written_at >= WRITE_EVERY:
                due.append((session, source))
            else:
                self._owed[session.id] = (session, source)
        free = _lock_free([session.id_text for session, _ in due])
        if len(free) < len(due):
            busy = [(session, source) for session, source in due if session.id_text not in free]
            if any(session.uid for session, _ in busy):
                raise SessionsBusy({source.connection_id for session, source in busy if session.uid})
            self._owed.update({session.id: (session, source) for session, source in busy})
            due = [(session, source) for session, source in due if session.id_text in free]
        self._write(due, now=now)

    def write_owed(self, *, now: datetime) -> None:
        """Write what is owed for longer than it may be."""
        self.write(list(self._owed.values()), now=now)

    def settle(self, connection_ids: Iterable[UUID]) -> None:
        """Write what is owed for these sockets and forget them: their sessions are about to change."""
        due = []
        for connection_id in connection_ids:
            page = self._pages.pop(connection_id, None)
            sessions = [connector.session for connector in page.connectors.values()] if page else []
            due.extend(
                [self._owed[each.id] for each in sessions if each is not None and each.id in self._owed]
            )
        if due:
            bound_waits(LONGEST_ROW_WAIT)
        self._write(due, now=None)

    def forget(self, connection_ids: Iterable[UUID]) -> None:
        """The transaction was rolled back: facts learnt in it do not hold."""
        for connection_id in connection_ids:
            page = self._pages.pop(connection_id, None)
            for connector in page.connectors.values() if page is not None else ():
                self._strays.pop(connector.id, None)
                if connector.session is not None:
                    self._owed.pop(connector.session.id, None)

    def _write(self, due: Sequence[tuple[MeteredSession, Source]], *, now: datetime | None) -> None:
        # The row of a session that somebody ended meanwhile stays as it was ended.
        running = [session for session, _ in due if session.state == SessionState.ACTIVE]
        others = [session for session, _ in due if session.state != SessionState.ACTIVE]
        _update_sessions(running, where=f"state = '{SessionState.ACTIVE.value}'")
        _update_sessions(others)
        for session, _ in due:
            self._owed.pop(session.id, None)
            session.heard, session.written_at = False, now

    def _find_strangers(
        self, said: Iterable[tuple[MeterReport, MeteredConnector | None]]
    ) -> dict[tuple[UUID, int], MeteredSession]:
        """Sessions that are named by a transaction id but are not the open one of their connector."""
        wanted = [
            named
            for report, connector in said
            if (named := report.transaction_id) is not None
            and connector is not None
            and not connector.has_open(named)
        ]
        return read_named_sessions(wanted) if wanted else {}


def _lock_free(session_ids: Collection[str]) -> set[str]:
    """Lock the rows of those that nobody else has locked."""
    if not session_ids or connection.vendor != "postgresql":
        return set(session_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id::text FROM chargers_session WHERE id = ANY(%s::uuid[]) "
            "ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
            ["{" + ",".join(session_ids) + "}"],
        )
        return {session_id for (session_id,) in cursor.fetchall()}


def _update_sessions(sessions: Iterable[MeteredSession], *, where: str = "") -> None:
    rows = [
        (
            session.id,
            session.energy_wh,
            session.power_w,
            *session.currents_ma,
            session.charge_pct,
            session.metered_at,
            session.draw_source,
            session.drawn_at,
            session.phases_seen,
            str(session.events) if session.uid else None,
            session.marks if session.uid else None,
            session.learnt_start_wh,
            session.exported_wh,
            session.export_start_wh,
        )
        for session in sorted(sessions, key=_id_text)
    ]
    update_rows("chargers_session", key="id", columns=SESSION_COLUMNS, rows=rows, where=where)
