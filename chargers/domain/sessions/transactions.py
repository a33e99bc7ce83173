"""Transactions that their charger names and numbers itself (OCPP 2): one session each, however their events arrive.

An event can come twice, late, from an offline queue, or never. The session keeps the events that were heard, so a repetition
changes nothing and a hole can be shown. A station that rebooted may count from 0 again: only the same number, type and time
is a repetition. A transaction whose start was lost, or named no connector, begins with the first event that names one.
"""

from dataclasses import dataclass
from datetime import datetime

from chargers.domain.access.judging import judge_one, restrict_outcome
from chargers.domain.access.telling import tell_refused
from chargers.domain.cards.refused import note_refusal
from chargers.domain.limits import boots
from chargers.domain.metering import clocks, orphans, signed_values
from chargers.domain.metering.samples import BEGIN, END, register_wh
from chargers.domain.metering.sequences import Heard, Marks, mark_of
from chargers.domain.sessions import endings, sessions, status, waiting
from chargers.domain.sessions.final_costs import read_final_cost
from chargers.enums import CAR_IS_THERE, ConnectorStatus, SessionState, TransactionPhase
from chargers.models import Connector, Session, WaitingStart
from chargers.reports.charging import (
    MeterReport,
    StartReport,
    StopReport,
    TokenOutcome,
    TransactionOutcome,
    TransactionReport,
)
from drivers.domain.drivers import AuthorizeOutcome, authorize_tag
from drivers.enums import AuthorizationStatus

ACTION = "TransactionEvent"
NO_TAG_NEEDED = ""
LONGEST_TAG = 36


@dataclass(slots=True)
class Hearing:
    """An event on its way in. `session` is None when it was heard before, or is of none that we can know of."""

    report: TransactionReport
    judged: AuthorizeOutcome | None
    session: Session | None = None
    # The session of an event that was heard before, or is kept aside.
    repeats: Session | None = None
    # Its start was reported, or at least the register at that moment.
    is_whole: bool = True

    @property
    def readings(self) -> MeterReport | None:
        """Its meter values, to be stored before the transaction may end."""
        session, report = self.session or self._flows_after_end(), self.report
        if session is None or not (report.samples or report.signed):
            return None
        return MeterReport(
            source=report.source,
            received_at=report.received_at,
            connector_number=session.connector.number,
            transaction_id=session.transaction_id,
            samples=report.samples,
            signed=report.signed,
            payload=report.payload,
        )

    def _flows_after_end(self) -> Session | None:
        """The ended session whose connector still draws, by an event after its end. Such an event counts with any number."""
        ended, said_at = self.repeats, self.report.charger_at
        stopped_at = None if ended is None else ended.charger_stopped_at
        return ended if said_at is not None and stopped_at is not None and said_at > stopped_at else None


def hear_event(report: TransactionReport, *, now: datetime) -> Hearing:
    """Find or begin the session that the event is of, and note its number. The cluster's lock is held."""
    session = _known(report)
    hearing = Hearing(report, _judge_at_place(report, session, now=now))
    if session is None:
        session = _begin(hearing, now=now)
        if session is None:
            return hearing
    elif not _is_news(session, report, now=now):
        hearing.repeats = session
        return hearing
    else:
        _learn_start(session, report, now=now)
        sessions.note_event(session, charger_at=report.charger_at)
    hearing.session = session
    status.note_plug(session.connector, report.plug_number)
    mark = mark_of(report.phase, report.charger_at)
    session.events_heard = str(Heard.parse(session.events_heard).adding(report.sequence))
    session.event_marks = str(Marks.parse(session.event_marks).adding(report.sequence, mark))
    session.save(update_fields=["events_heard", "event_marks"])
    _name_driver(session, hearing, now=now)
    return hearing


def conclude_event(hearing: Hearing, *, now: datetime) -> TransactionOutcome:
    """After its readings are stored: end the transaction if that is what the event says, and follow the car's state."""
    report, cost_minor = hearing.report, None
    if hearing.session is not None:
        session = Session.objects.select_related("connector__charge_point").get(pk=hearing.session.pk)
        if report.phase == TransactionPhase.ENDED:
            _end(session, report, is_whole=hearing.is_whole, now=now)
            cost_minor = read_final_cost(session, now=now) if hearing.is_whole else None
        _follow(session, report, now=now)
    elif report.phase == TransactionPhase.ENDED and hearing.repeats and hearing.repeats.stopped_at:
        # The first answer may have been lost, and with it what the driver is shown.
        cost_minor = read_final_cost(hearing.repeats, now=now)
    token = None if hearing.judged is None else token_outcome(hearing.judged)
    return TransactionOutcome(token, cost_minor)


def token_outcome(judged: AuthorizeOutcome) -> TokenOutcome:
    """The answer to a charger that asks about a tag. All tags of one driver are one group."""
    driver = judged.driver if judged.status == AuthorizationStatus.ACCEPTED else None
    return TokenOutcome(judged.status, judged.expires_at, "" if driver is None else str(driver.pk))


def _judge(report: TransactionReport, id_tag: str | None, *, now: datetime) -> AuthorizeOutcome | None:
    if id_tag is None:
        return None
    if id_tag == NO_TAG_NEEDED:
        # It was set up by its owner to ask nobody for a card.
        return AuthorizeOutcome(AuthorizationStatus.ACCEPTED)
    return authorize_tag(report.source.community_id, id_tag, now=now)


def _judge_at_place(
    report: TransactionReport, session: Session | None, *, now: datetime
) -> AuthorizeOutcome | None:
    """What the card is worth, and for one that is to begin: at its connector. Hours that end in between end no transaction, and who
    may not begin one may stop it."""
    judged = _judge(report, report.id_tag, now=now)
    if judged is None or report.phase == TransactionPhase.ENDED:
        return judged
    if session is None:
        connector = _connector(report)
        return judged if connector is None else _restrict(judged, connector, report)
    is_its_driver = judged.driver is not None and session.driver_id == judged.driver.pk
    if is_its_driver and not session.is_refused:
        return judged
    return _restrict(judged, session.connector, report)


def _restrict(judged: AuthorizeOutcome, connector: Connector, report: TransactionReport) -> AuthorizeOutcome:
    skew_s = connector.charge_point.clock_skew_s
    at, _ = clocks.believable_time(report.charger_at, received_at=report.received_at, skew_s=skew_s)
    outcome = restrict_outcome(judged, judge_one(connector.pk, judged.driver, at=at))
    note_refusal(
        outcome,
        token=report.id_tag or "",
        community_id=connector.community_id,
        charge_point_id=connector.charge_point_id,
        now=report.received_at,
    )
    tell_refused(outcome, place_id=connector.pk, place=str(connector), now=report.received_at)
    return outcome


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
        _set_aside(report, now=now)
        return None
    earlier = waiting.find_start(report)
    is_over = report.phase == TransactionPhase.ENDED
    start = _start_of(report, connector, earlier)
    is_whole = not is_over or start.meter_wh is not None
    hearing.is_whole = is_whole
    if not is_whole:
        why = "ended, and its start was not told: the energy is not known"
        orphans.keep_orphan(report.source, action=ACTION, why=why, payload=report.payload, now=now)
    judged = hearing.judged
    if earlier is not None and earlier.id_tag is not None and (judged is None or is_over):
        judged = _judge(report, earlier.id_tag, now=now)
        judged = None if judged is None else _restrict(judged, connector, report)
    session = sessions.begin_session(
        connector,
        start,
        judged or AuthorizeOutcome(AuthorizationStatus.INVALID),
        now=now,
        is_over=is_over,
        is_whole=is_whole,
        is_judged=judged is not None,
    )
    if earlier is not None:
        session.events_heard, session.event_marks = earlier.events_heard, earlier.event_marks
        signed_values.keep_signed(waiting.signed_of(earlier, session))
        earlier.delete()
    return session


def _set_aside(report: TransactionReport, *, now: datetime) -> None:
    """It names no connector of ours: its start waits for one, everything else is shown to a manager."""
    number = report.connector_number
    if report.phase != TransactionPhase.ENDED:
        waiting.remember_event(report, now=now)
        if number is None:
            return
    why = "its connector was never told" if number is None else f"there is no connector {number}"
    orphans.keep_orphan(
        report.source, action=ACTION, why=f"{report.phase}: {why}", payload=report.payload, now=now
    )


def _is_news(session: Session, report: TransactionReport, *, now: datetime) -> bool:
    """Whether an event of a known transaction is to be taken. A repetition changes nothing; what is none, and can't be placed,
    is kept aside."""
    number, mark = report.sequence, mark_of(report.phase, report.charger_at)
    heard, marks = Heard.parse(session.events_heard), Marks.parse(session.event_marks)
    is_same = marks.by_number.get(number) == mark
    if report.phase == TransactionPhase.ENDED and session.charger_stopped_at is None and not is_same:
        # With any number, it ends an open transaction.
        session.events_heard = "" if number in heard else session.events_heard
        return True
    if is_same or number not in heard:
        return not is_same
    if report.phase == TransactionPhase.STARTED:
        if not _is_its_start(session, report):
            why = "its id was used by an earlier transaction"
            orphans.keep_orphan(report.source, action=ACTION, why=why, payload=report.payload, now=now)
        return False
    if marks.repeats(number, mark):
        return False
    if session.charger_stopped_at is not None:
        why = f"{report.phase}: told after the transaction's end, under a number that was used"
        orphans.keep_orphan(report.source, action=ACTION, why=why, payload=report.payload, now=now)
        return False
    # It rebooted and counts from the beginning: earlier events belong to another count.
    session.events_heard = ""
    return True


def _is_its_start(session: Session, report: TransactionReport) -> bool:
    """Whether a start is the start of this session, told again under another time.

    The session keeps the time of the first reading, which may differ from the event's own by a moment.
    """
    return session.charger_started_at in (report.charger_at, _begin_at(report))


def _connector(report: TransactionReport) -> Connector | None:
    """The connector that the event names; without a name, the only one that there is."""
    mine = Connector.objects.select_related("charge_point").filter(
        charge_point_id=report.source.charge_point_id, retired_at=None
    )
    if report.connector_number is not None:
        return mine.filter(number=report.connector_number).first()
    first_two = list(mine[:2])
    return first_two[0] if len(first_two) == 1 else None


def _start_of(
    report: TransactionReport, connector: Connector, earlier: WaitingStart | None = None
) -> StartReport:
    """The start as this event tells it, and as `earlier` ones did that named no connector."""
    is_over = report.phase == TransactionPhase.ENDED
    id_tag, begin_at = report.id_tag, _begin_at(report)
    meter_wh = register_wh(report.samples, BEGIN, or_any=not is_over)
    reservation_number = report.reservation_number
    if earlier is not None:
        id_tag = earlier.id_tag if id_tag is None or is_over else id_tag
        begin_at = earlier.charger_at or begin_at
        meter_wh = meter_wh if earlier.meter_wh is None else earlier.meter_wh
        reservation_number = reservation_number or earlier.reservation_number
    return StartReport(
        source=report.source,
        received_at=report.received_at,
        connector_number=connector.number,
        id_tag=_kept(id_tag),
        meter_wh=meter_wh,
        charger_at=begin_at,
        uid=report.uid,
        reservation_number=reservation_number,
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
    if report.phase != TransactionPhase.ENDED and _kept(report.id_tag) == session.id_tag:
        sessions.judge_again(session, judged)
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
    earlier = authorize_tag(report.source.community_id, session.id_tag, now=now)
    return session.is_refused or earlier.status != AuthorizationStatus.ACCEPTED


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
        samples=report.samples,
        payload=report.payload,
    )
    endings.end_session(session, stop, action=ACTION, now=now, is_whole=is_whole)


def _follow(session: Session, report: TransactionReport, *, now: datetime) -> None:
    """The car's state as the transaction tells it, if this is its newest word and of now."""
    connector = session.connector
    newest = Heard.parse(session.events_heard).newest == report.sequence
    is_live = clocks.is_live(
        report.charger_at, received_at=report.received_at, skew_s=connector.charge_point.clock_skew_s
    )
    is_live = is_live and boots.is_word_since(connector.charge_point, report.charger_at)
    if report.status is None or not newest or not is_live or session.state == SessionState.ENDED:
        return
    if session.state == SessionState.FINISHED:
        if connector.status in CAR_IS_THERE:
            status.change_status(connector, ConnectorStatus.FINISHING, source=report.source, now=now)
    elif connector.status not in status.OUT_OF_ORDER:
        status.change_status(connector, report.status, source=report.source, now=now)
