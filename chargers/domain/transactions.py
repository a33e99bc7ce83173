"""Transactions that their charger names and numbers itself (OCPP 2): one session each, however their events arrive.

An event can come twice, late, from an offline queue, or never. What was heard is kept with the session, so a repetition
changes nothing and a hole can be shown. A transaction whose start was lost begins with the first event that names its
connector; the start is put right when it comes after all.
"""

from dataclasses import dataclass
from datetime import datetime

from chargers.domain import clocks, orphans, sessions, status
from chargers.domain.sequences import Heard
from chargers.enums import ConnectorStatus, SessionState, TransactionPhase
from chargers.models import Connector, Session
from chargers.reports import (
    MeterReport,
    Sample,
    StartReport,
    StopReport,
    TokenOutcome,
    TransactionOutcome,
    TransactionReport,
)
from drivers.domain.drivers import AuthorizeOutcome, authorize
from drivers.enums import AuthorizationStatus

ACTION = "TransactionEvent"
BEGIN, END = "Transaction.Begin", "Transaction.End"
NO_TAG_NEEDED = ""
LONGEST_TAG = 36


@dataclass(slots=True)
class Hearing:
    """An event on its way in. `session` is None when it was heard before, or is of none that we can know of."""

    report: TransactionReport
    judged: AuthorizeOutcome | None
    session: Session | None = None
    # Its start was told, or at least the register at it.
    is_whole: bool = True

    @property
    def readings(self) -> MeterReport | None:
        """What it says of the meter, to be stored before the transaction may end."""
        session, report = self.session, self.report
        if session is None or not report.samples:
            return None
        return MeterReport(
            source=report.source,
            received_at=report.received_at,
            connector_number=session.connector.number,
            transaction_id=session.transaction_id,
            samples=report.samples,
            payload=report.payload,
        )


def hear(report: TransactionReport, *, now: datetime) -> Hearing:
    """Find or begin the session that the event is of, and note its number. The cluster's lock is held."""
    hearing = Hearing(report, _judge(report, now=now))
    session = _known(report)
    if session is None:
        session = _begin(hearing, now=now)
        if session is None:
            return hearing
    elif report.sequence in Heard.parse(session.events_heard):
        _check_uid(session, report, now=now)
        return hearing
    else:
        _learn_start(session, report, now=now)
    hearing.session = session
    session.events_heard = str(Heard.parse(session.events_heard).adding(report.sequence))
    session.save(update_fields=["events_heard"])
    _name_driver(session, hearing, now=now)
    return hearing


def conclude(hearing: Hearing, *, now: datetime) -> TransactionOutcome:
    """After its readings are stored: end the transaction if that is what the event says, and follow the car's state."""
    report = hearing.report
    if hearing.session is not None:
        session = Session.objects.select_related("connector__charge_point").get(pk=hearing.session.pk)
        if report.phase == TransactionPhase.ENDED:
            _end(session, report, is_whole=hearing.is_whole, now=now)
        _follow(session, report, now=now)
    return TransactionOutcome(None if hearing.judged is None else token_outcome(hearing.judged))


def token_outcome(judged: AuthorizeOutcome) -> TokenOutcome:
    """What the charger is told of a tag. All tags of one driver are one group."""
    driver = judged.driver if judged.status == AuthorizationStatus.ACCEPTED else None
    return TokenOutcome(judged.status, judged.expires_at, "" if driver is None else str(driver.pk))


def _judge(report: TransactionReport, *, now: datetime) -> AuthorizeOutcome | None:
    if report.id_tag is None:
        return None
    if report.id_tag == NO_TAG_NEEDED:
        # It was set up by its owner to ask nobody for a card.
        return AuthorizeOutcome(AuthorizationStatus.ACCEPTED)
    return authorize(report.source.community_id, report.id_tag, now=now)


def _known(report: TransactionReport) -> Session | None:
    rows = Session.objects.select_for_update(of=("self",), no_key=True).select_related(
        "connector__charge_point"
    )
    return rows.filter(
        transaction_uid=report.uid, connector__charge_point_id=report.source.charge_point_id
    ).first()


def _begin(hearing: Hearing, *, now: datetime) -> Session | None:
    report = hearing.report
    connector = _connector(report)
    if connector is None:
        number = report.connector_number
        why = "its connector was never told" if number is None else f"there is no connector {number}"
        orphans.keep(
            report.source, action=ACTION, why=f"{report.phase}: {why}", payload=report.payload, now=now
        )
        return None
    is_over = report.phase == TransactionPhase.ENDED
    start = _start_of(report, connector)
    is_whole = not is_over or start.meter_wh is not None
    hearing.is_whole = is_whole
    if not is_whole:
        why = "ended, and its start was not told: the energy is not known"
        orphans.keep(report.source, action=ACTION, why=why, payload=report.payload, now=now)
    judged = hearing.judged or AuthorizeOutcome(AuthorizationStatus.INVALID)
    return sessions.begin(connector, start, judged, now=now, is_over=is_over, is_whole=is_whole)


def _check_uid(session: Session, report: TransactionReport, *, now: datetime) -> None:
    """A repetition changes nothing. A start at another time under an old id is no repetition, and nothing that we can use."""
    if report.phase == TransactionPhase.STARTED and report.charger_at != session.charger_started_at:
        why = "its id was used by an earlier transaction"
        orphans.keep(report.source, action=ACTION, why=why, payload=report.payload, now=now)


def _connector(report: TransactionReport) -> Connector | None:
    """The connector that the event names; without a name, the only one that there is."""
    mine = Connector.objects.select_related("charge_point").filter(
        charge_point_id=report.source.charge_point_id, retired_at=None
    )
    if report.connector_number is not None:
        return mine.filter(number=report.connector_number).first()
    first_two = list(mine[:2])
    return first_two[0] if len(first_two) == 1 else None


def _start_of(report: TransactionReport, connector: Connector) -> StartReport:
    is_over = report.phase == TransactionPhase.ENDED
    return StartReport(
        source=report.source,
        received_at=report.received_at,
        connector_number=connector.number,
        id_tag=_kept(report.id_tag),
        meter_wh=register_wh(report.samples, BEGIN, or_any=not is_over),
        charger_at=_begin_at(report),
        uid=report.uid,
        reservation_number=report.reservation_number,
        payload=report.payload,
    )


def _kept(id_tag: str | None) -> str:
    # Longer ones than ours are judged whole, and kept to be recognised.
    return (id_tag or "")[:LONGEST_TAG]


def _begin_at(report: TransactionReport) -> datetime | None:
    told = [sample.measured_at for sample in report.samples if sample.context == BEGIN]
    return next((at for at in told if at is not None), report.charger_at)


def _learn_start(session: Session, report: TransactionReport, *, now: datetime) -> None:
    """A start that comes late, and the first register of a transaction that began without one."""
    if report.phase == TransactionPhase.STARTED:
        sessions.tell_start(session, _start_of(report, session.connector), now=now)
    elif session.meter_start_wh is None and session.stopped_at is None:
        session.meter_start_wh = register_wh(
            report.samples, BEGIN, or_any=report.phase == TransactionPhase.UPDATED
        )
        session.save(update_fields=["meter_start_wh"])


def _name_driver(session: Session, hearing: Hearing, *, now: datetime) -> None:
    """The first tag that was good names the driver; one that is shown to stop names nobody."""
    report, judged = hearing.report, hearing.judged
    if judged is None or not report.id_tag:
        return
    if session.driver_id is not None and not _replaces(session, hearing, now=now):
        return
    if report.phase != TransactionPhase.ENDED and (judged.driver is not None or not session.id_tag):
        sessions.name_driver(session, id_tag=_kept(report.id_tag), outcome=judged)


def _replaces(session: Session, hearing: Hearing, *, now: datetime) -> bool:
    """Whether a good tag comes after one that was refused, before anything flowed: its driver charges, and is billed."""
    report, judged = hearing.report, hearing.judged
    if judged is None or judged.status != AuthorizationStatus.ACCEPTED or session.energy_wh:
        return False
    if _kept(report.id_tag) == session.id_tag:
        return False
    earlier = authorize(report.source.community_id, session.id_tag, now=now)
    return earlier.status != AuthorizationStatus.ACCEPTED


def _end(session: Session, report: TransactionReport, *, is_whole: bool, now: datetime) -> None:
    if session.charger_stopped_at is not None:
        return
    stop = StopReport(
        source=report.source,
        received_at=report.received_at,
        transaction_id=session.transaction_id or 0,
        meter_wh=register_wh(report.samples, END),
        charger_at=report.charger_at,
        reason=report.reason,
        payload=report.payload,
    )
    sessions.end(session, stop, action=ACTION, now=now, is_whole=is_whole)


def _follow(session: Session, report: TransactionReport, *, now: datetime) -> None:
    """The car's state as the transaction tells it, if this is its newest word and of now."""
    connector = session.connector
    newest = Heard.parse(session.events_heard).newest == report.sequence
    is_live = clocks.is_live(
        report.charger_at, received_at=report.received_at, skew_s=connector.charge_point.clock_skew_s
    )
    if report.status is None or not newest or not is_live or session.state == SessionState.ENDED:
        return
    if session.state == SessionState.FINISHED:
        if connector.status in status.CAR_IS_THERE:
            status.change(connector, ConnectorStatus.FINISHING, source=report.source, now=now)
    elif connector.status not in status.OUT_OF_ORDER:
        status.change(connector, report.status, source=report.source, now=now)


def register_wh(samples: tuple[Sample, ...], context: str, *, or_any: bool = True) -> int | None:
    """The register at a moment of that context; else, where any will do, the last one for an end and the first for a start."""
    found = [sample for sample in samples if sample.register is not None and sample.register >= 0]
    named = [sample for sample in found if sample.context == context]
    chosen = (named or (found if or_any else []))[:: -1 if context == END else 1]
    if not chosen or chosen[0].register is None:
        return None
    sample = chosen[0]
    return round(min(chosen[0].register * (1000 if sample.register_is_kwh else 1), 2**62))
