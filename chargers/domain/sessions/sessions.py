"""A car's stay on a connector and its transaction, as chargers report them: repeated, late, and out of order."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from chargers.domain.access.telling import tell_refused
from chargers.domain.cards.refused import note_refusal
from chargers.domain.limits import boots, limits
from chargers.domain.metering import clocks, energies, orphans, signed_values
from chargers.domain.sessions import endings, plug_ins
from chargers.domain.sessions.known import Known
from chargers.enums import ConnectorStatus, EnergyDoubt, SessionState
from chargers.events import (
    SessionCorrected,
    SessionOpened,
    TransactionEnded,
    TransactionStarted,
)
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES
from chargers.reports.charging import StartOutcome, StartReport, StopReport
from drivers.domain.drivers import AuthorizeOutcome
from drivers.enums import AuthorizationStatus
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.events import publish

NO_TRANSACTION = 0
NOTHING_RUNS = (*limits.WITHOUT_TRANSACTION, ConnectorStatus.UNAVAILABLE)
CHARGING = (ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.SUSPENDED_EVSE)


def plug_in(connector: Connector, *, now: datetime) -> None:
    """A car is there. One open session a connector: a second report of the same car changes nothing."""
    if not connector.sessions.filter(state__in=OPEN_STATES).exists():
        session = Session.objects.create(
            community_id=connector.community_id,
            connector=connector,
            state=SessionState.PLUGGED_IN,
            state_since=now,
            plugged_at=now,
        )
        publish(SessionOpened(session_id=session.pk, cluster_id=connector.charge_point.cluster_id))


def note_sated(session_ids: Collection[UUID]) -> None:
    """Their cars had taken all that they wanted when their transactions ended."""
    Session.objects.filter(pk__in=session_ids).update(ended_sated=True)


def unplug_car(connector: Connector, *, car_seen_at: datetime | None, now: datetime) -> None:
    """The connector is free. A transaction that still runs is not ended by that alone, nor is a stay while its charger
    restarts: see `end_zombies`. `car_seen_at`: since when it had said that a car is there, if it had."""
    for session in _without_transaction(connector_id=connector.pk):
        if not plug_ins.is_restarting(session, connector, car_seen_at=car_seen_at, now=now):
            endings.close_session(session, connector, now=now)


@prepared
def _running_on(connector_id: One) -> QuerySet[Session]:
    return Session.objects.filter(connector=connector_id, state=SessionState.ACTIVE)


@prepared
def _without_transaction(connector_id: One) -> QuerySet[Session]:
    waiting = Session.objects.filter(
        connector=connector_id, state__in=[SessionState.PLUGGED_IN, SessionState.FINISHED]
    )
    return waiting.select_for_update(no_key=True)


def start_session(report: StartReport, *, now: datetime, known: Known | None = None) -> StartOutcome:
    """Begin a transaction once, however often it is reported; always with an answer that the charger can live with."""
    known = known or Known(starts=[report], now=now)
    connector, outcome = known.connector(report), known.outcome(report)
    if connector is None:
        why = f"there is no connector {report.connector_number}"
        orphans.keep_orphan(
            report.source, action="StartTransaction", why=why, payload=report.payload, now=now
        )
        return StartOutcome(NO_TRANSACTION, "Invalid")
    session = known.started(connector, report) or begin_session(
        connector, report, outcome, now=now, known=known
    )
    note_refusal(
        outcome,
        token=report.id_tag,
        community_id=connector.community_id,
        charge_point_id=connector.charge_point_id,
        now=now,
    )
    tell_refused(outcome, place_id=connector.pk, place=str(connector), now=now)
    return StartOutcome(session.transaction_id or NO_TRANSACTION, outcome.status, outcome.expires_at)


def begin_session(
    connector: Connector,
    report: StartReport,
    outcome: AuthorizeOutcome,
    *,
    now: datetime,
    is_over: bool = False,
    is_whole: bool = True,
    is_judged: bool = True,
    known: Known | None = None,
) -> Session:
    """Begin a transaction that nobody told us of before. Not `is_judged`: no card was shown yet.

    `is_over`: its end is known already, so it displaces none that runs. Not `is_whole`: its start is still unknown, and
    nobody hears of it before that is.
    """
    known = known or Known(starts=[report], now=now)
    session = _session_for(
        connector, report, outcome, known.open_session(connector), now=now, is_over=is_over
    )
    runs = session.state != SessionState.ENDED and not is_over
    if (
        runs
        and connector.status == ConnectorStatus.AVAILABLE
        and boots.is_word_since(connector.charge_point, report.charger_at)
    ):
        # A connector with a transaction is not free, even if it said so last; some report nothing in between.
        connector.status, connector.status_at = ConnectorStatus.PREPARING, now
        connector.save(update_fields=["status", "status_at"])
    skew_s = connector.charge_point.clock_skew_s
    session.transaction_id = known.next_number()
    _begin(session, report, outcome, skew_s=skew_s, is_judged=is_judged, now=now)
    if session.state == SessionState.ACTIVE:
        limits.transaction_started(session, now=now)
        if is_whole:
            cluster_id = connector.charge_point.cluster_id
            publish(
                TransactionStarted(
                    session_id=session.pk,
                    cluster_id=cluster_id,
                    is_accepted=outcome.status == AuthorizationStatus.ACCEPTED,
                    reservation_number=report.reservation_number,
                )
            )
    return session


def stop_session(report: StopReport, *, now: datetime, known: Known | None = None) -> Session | None:
    """End a transaction and fix its energy, once. A message that matches nothing is kept aside and confirmed."""
    session = _find_stopped(report, known or Known(stops=[report], now=now))
    if session is None:
        why = f"no transaction {report.transaction_id} is known here"
        orphans.keep_orphan(report.source, action="StopTransaction", why=why, payload=report.payload, now=now)
        return None
    signed_values.keep_signed(signed_values.of_session(session.pk, report))
    if session.meter_stop_wh is None and session.charger_stopped_at is None:
        endings.end_session(session, report, action="StopTransaction", now=now)
    return session


def note_idle_word(
    connector: Connector, told: ConnectorStatus, *, now: datetime, is_coarse: bool = False
) -> None:
    """After a boot in mid-charge, a status without a transaction means that none runs any more: see `end_zombies`.

    That an EVSE is occupied is coarse: it says neither.
    """
    if told not in (*CHARGING, *NOTHING_RUNS):
        return
    running = _running_on.first(connector_id=connector.pk)
    goes_on = told in CHARGING and not is_coarse
    if running is None or (running.seems_over_at is None) == goes_on:
        return
    booted_at = connector.charge_point.booted_at
    if goes_on:
        running.seems_over_at = None
    elif booted_at is not None and booted_at >= running.last_word_at:
        running.seems_over_at = now
    running.save(update_fields=["seems_over_at"])


def note_event(session: Session, *, charger_at: datetime | None) -> None:
    """Its charger speaks of it since it booted, so it goes on."""
    if session.seems_over_at is not None and boots.is_word_since(session.connector.charge_point, charger_at):
        session.seems_over_at = None
        session.save(update_fields=["seems_over_at"])


def tell_start(session: Session, report: StartReport, *, now: datetime) -> None:
    """The start of a transaction that we first heard of by a later event. Once it has ended too, it is whole and billed."""
    was_whole = session.meter_start_wh is not None
    started_at, suspect = clocks.believable_time(
        report.charger_at, received_at=report.received_at, skew_s=session.connector.charge_point.clock_skew_s
    )
    session.started_at = min(started_at, session.stopped_at or started_at)
    session.charger_started_at = report.charger_at
    session.clock_suspect = session.clock_suspect or suspect
    if report.meter_wh is not None:
        metered_to_wh = session.meter_stop_wh
        if metered_to_wh is None:
            metered_to_wh = (session.meter_start_wh or report.meter_wh) + session.energy_wh
        session.meter_start_wh = report.meter_wh
        most_wh = energies.most_counted_wh(session, until=report.received_at, told_wh=metered_to_wh)
        if metered_to_wh - report.meter_wh <= most_wh:
            session.energy_wh = max(0, metered_to_wh - report.meter_wh)
            session.energy_doubt = ""
        else:
            session.energy_doubt = EnergyDoubt.SET_ASIDE
            endings.tell_doubt(session, told_wh=report.meter_wh, now=now)
    session.save()
    plug_ins.count_energy(session)
    if session.stopped_at is not None and was_whole:
        why = "told after the transaction's end; the bill follows it"
        orphans.keep_orphan(
            report.source, action="TransactionEvent", why=why, payload=report.payload, now=now
        )
        publish(SessionCorrected(session_id=session.pk, cluster_id=report.source.cluster_id))
    elif session.stopped_at is not None:
        cluster_id = session.connector.charge_point.cluster_id
        publish(TransactionEnded(session_id=session.pk, cluster_id=cluster_id))
        plug_ins.end_if_over(session, cluster_id=cluster_id)


def name_driver(session: Session, *, id_tag: str, outcome: AuthorizeOutcome) -> None:
    """Whose transaction it is, where that was shown after it began."""
    plug_ins.part_stay(session, outcome)
    session.id_tag, session.driver, session.verdict = id_tag, outcome.driver, outcome.status
    session.save(update_fields=["id_tag", "driver", "verdict"])
    if outcome.status == AuthorizationStatus.ACCEPTED and session.state == SessionState.ACTIVE:
        # Receivers that waited for the driver's start, a booked slot above all, hear of it now.
        cluster_id = session.connector.charge_point.cluster_id
        publish(TransactionStarted(session_id=session.pk, cluster_id=cluster_id))


def _find_stopped(report: StopReport, known: Known) -> Session | None:
    """The transaction that is named; of a charger that names none (0 or less), the only one that it can mean."""
    if report.transaction_id > 0:
        return known.named(report)
    mine = (
        Session.objects.select_for_update(of=("self",), no_key=True)
        .select_related("connector__charge_point")
        .filter(connector__charge_point_id=report.source.charge_point_id)
    )
    running = list(mine.filter(state=SessionState.ACTIVE, transaction_uid="")[:2])
    if len(running) != 1:
        return None
    (session,) = running
    stations = Connector.objects.filter(charge_point_id=report.source.charge_point_id, retired_at=None)
    same_card = bool(report.id_tag) and report.id_tag == session.id_tag
    return session if same_card or stations.count() == 1 else None


def judge_again(session: Session, outcome: AuthorizeOutcome) -> None:
    """The card that it began with was shown again, and may be worth something else by now."""
    if session.verdict != outcome.status:
        session.verdict = outcome.status
        session.save(update_fields=["verdict"])


def _session_for(
    connector: Connector,
    report: StartReport,
    outcome: AuthorizeOutcome,
    current: Session | None,
    *,
    now: datetime,
    is_over: bool,
) -> Session:
    """The session that this start belongs to: the car that is plugged in, or another one."""
    fresh = Session(community_id=connector.community_id, connector=connector, plugged_at=now, state_since=now)
    if current is None:
        return fresh
    if current.state == SessionState.PLUGGED_IN:
        return current
    skew_s = connector.charge_point.clock_skew_s
    started_at, _ = clocks.believable_time(report.charger_at, received_at=report.received_at, skew_s=skew_s)
    if current.state == SessionState.ACTIVE:
        if is_over or (
            report.charger_at
            and current.charger_started_at
            and report.charger_at < current.charger_started_at
        ):
            # A queue from an offline spell: the transaction is over, only its stop has not arrived yet.
            fresh.state = SessionState.ENDED
            if plug_ins.goes_on(current, connector, outcome, started_at=started_at):
                plug_ins.join_stay(fresh, current)
            return fresh
        endings.abandon_transaction(current, reason="Another transaction began", now=now)
        endings.end_transaction(current, now=now)
    is_same_car = plug_ins.goes_on(current, connector, outcome, started_at=started_at)
    if is_same_car:
        plug_ins.join_stay(fresh, current)
    if current.state in OPEN_STATES:
        endings.close_session(current, connector, now=now, has_left=not is_same_car)
    return fresh


def _begin(
    session: Session,
    report: StartReport,
    outcome: AuthorizeOutcome,
    *,
    skew_s: int,
    is_judged: bool,
    now: datetime,
) -> None:
    is_new = session._state.adding  # noqa: SLF001 (Django's documented ModelState)
    session.started_at, session.clock_suspect = clocks.believable_time(
        report.charger_at, received_at=report.received_at, skew_s=skew_s
    )
    session.charger_started_at = report.charger_at
    session.meter_start_wh = report.meter_wh
    session.transaction_uid = report.uid
    session.id_tag = report.id_tag
    session.driver = outcome.driver
    session.verdict = outcome.status if is_judged else ""
    if is_new:
        session.plugged_at = min(session.started_at, now)
    if session.state != SessionState.ENDED:
        session.state, session.state_since = SessionState.ACTIVE, now
    session.save()
    if session.stay_began_at is not None:
        plug_ins.count_energy(session)
    if is_new and session.state == SessionState.ACTIVE:
        publish(SessionOpened(session_id=session.pk, cluster_id=report.source.cluster_id))
