"""A car's stay on a connector and its transaction, as chargers report them: repeated, late, and out of order."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from chargers.domain import presence
from chargers.domain.limits import boots, limits
from chargers.domain.metering import clocks, draws, energies, orphans, signed_values
from chargers.domain.sessions import plug_ins, waiting
from chargers.domain.sessions.known import Known
from chargers.domain.stations import alerts
from chargers.enums import ConnectorStatus, EnergyDoubt, SessionState
from chargers.events import (
    CarLeft,
    SessionClosed,
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
from evbalancer.common.beside import Beside
from evbalancer.common.db.locks import for_each_free_cluster
from evbalancer.common.events import publish

logger = logging.getLogger(__name__)

NO_TRANSACTION = 0
AVAILABLE_GRACE = timedelta(minutes=5)
SILENT_GRACE = timedelta(hours=12)
# A stop that a reboot left in the charger's queue comes within seconds.
REBOOTED_GRACE = timedelta(seconds=30)
# A station of OCPP 2 that says no more than that its EVSE is occupied tells by an event whether the transaction goes on.
RESUMED_WITHIN = timedelta(minutes=10)
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
    waiting = connector.sessions.filter(state__in=[SessionState.PLUGGED_IN, SessionState.FINISHED])
    for session in waiting.select_for_update(no_key=True):
        if not plug_ins.is_restarting(session, connector, car_seen_at=car_seen_at, now=now):
            _close(session, connector, now=now)


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
        end_session(session, report, action="StopTransaction", now=now)
    return session


def note_idle_word(
    connector: Connector, told: ConnectorStatus, *, now: datetime, is_coarse: bool = False
) -> None:
    """After a boot in mid-charge, a status without a transaction means that none runs any more: see `end_zombies`.

    That an EVSE is occupied is coarse: it says neither.
    """
    if told not in (*CHARGING, *NOTHING_RUNS):
        return
    running = connector.sessions.filter(state=SessionState.ACTIVE).first()
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


def end_session(
    session: Session, report: StopReport, *, action: str, now: datetime, is_whole: bool = True
) -> None:
    """The charger ended it. Not `is_whole`: its start is still unknown, so nothing is billed until it arrives."""
    ended_before = session.stopped_at is not None
    _finish(session, report, action=action, is_whole=is_whole, now=now)
    if ended_before:
        session.save()
        plug_ins.count_energy(session)
        why = "the transaction had been closed without it; the session's energy and its bill follow the meter"
        orphans.keep_orphan(report.source, action=action, why=why, payload=report.payload, now=now)
        publish(SessionCorrected(session_id=session.pk, cluster_id=report.source.cluster_id))
    else:
        _end_transaction(session, now=now, is_whole=is_whole)


def end_zombies(*, now: datetime) -> int:
    """Close transactions that no charger speaks of any more, with a reason and the last meter; returns how many."""
    running = Session.objects.filter(state=SessionState.ACTIVE).select_related("connector__charge_point")
    is_free = Q(connector__status=ConnectorStatus.AVAILABLE, connector__status_at__lt=now - AVAILABLE_GRACE)
    left = (
        is_free
        & Q(state_since__lt=now - AVAILABLE_GRACE)
        & (Q(metered_at=None) | Q(metered_at__lt=F("connector__status_at")))
    )
    is_online = presence.match_online("connector__charge_point__", now=now)
    silent = (
        is_online
        & Q(started_at__lt=now - SILENT_GRACE)
        & (Q(metered_at=None) | Q(metered_at__lt=now - SILENT_GRACE))
    )
    is_idle = Q(connector__status__in=NOTHING_RUNS, seems_over_at__lt=now - REBOOTED_GRACE)
    rebooted = (is_idle | Q(seems_over_at__lt=now - RESUMED_WITHIN)) & (
        Q(drawn_at=None)
        | Q(drawn_at__lt=F("seems_over_at"))
        | Q(power_w=None)
        | Q(power_w__lt=draws.DRAWING_W)
    )
    zombies = running.filter(left | silent | rebooted)

    def end_those_of(cluster_id: UUID) -> int:
        mine = zombies.filter(connector__charge_point__cluster=cluster_id).order_by("pk")
        gone = list(mine.select_for_update(of=("self",), no_key=True))
        for session in gone:
            is_free = session.connector.status == ConnectorStatus.AVAILABLE
            reason = "Unplugged, no stop was sent" if is_free else "No sign of life"
            if session.seems_over_at is not None:
                reason = "Charger restarted, no stop was sent"
            _abandon(session, reason=reason, now=now)
            is_told = session.seems_over_at is not None and session.connector.status in NOTHING_RUNS
            _end_transaction(session, now=now, is_told=is_free or is_told)
        return len(gone)

    waiting.give_up_starts(now=now)
    clusters = zombies.order_by().values_list("connector__charge_point__cluster_id", flat=True).distinct()
    ended = for_each_free_cluster(clusters, end_those_of)
    _close_after_restarts(now=now)
    return ended


def _close_after_restarts(*, now: datetime) -> None:
    """End sessions that `unplug` left open while a charger restarted, and whose connector has been free since."""
    left = Session.objects.filter(
        state__in=[SessionState.PLUGGED_IN, SessionState.FINISHED],
        connector__status=ConnectorStatus.AVAILABLE,
        connector__status_at__lte=now - plug_ins.RESTART_SETTLES_AFTER,
    ).select_related("connector__charge_point")

    def close_those_of(cluster_id: UUID) -> int:
        mine = left.filter(connector__charge_point__cluster=cluster_id).order_by("pk")
        gone = list(mine.select_for_update(of=("self",), no_key=True))
        for session in gone:
            _close(session, session.connector, now=now, left_at=session.connector.status_at)
        return len(gone)

    clusters = left.order_by().values_list("connector__charge_point__cluster_id", flat=True).distinct()
    for_each_free_cluster(clusters, close_those_of)


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
            _tell_doubt(session, told_wh=report.meter_wh, now=now)
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
        _abandon(current, reason="Another transaction began", now=now)
        _end_transaction(current, now=now)
    is_same_car = plug_ins.goes_on(current, connector, outcome, started_at=started_at)
    if is_same_car:
        plug_ins.join_stay(fresh, current)
    if current.state in OPEN_STATES:
        _close(current, connector, now=now, has_left=not is_same_car)
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


def _finish(session: Session, report: StopReport, *, action: str, is_whole: bool, now: datetime) -> None:
    skew_s = session.connector.charge_point.clock_skew_s
    stopped_at, suspect = clocks.believable_time(
        report.charger_at, received_at=report.received_at, skew_s=skew_s
    )
    started_at = session.started_at or stopped_at
    session.stopped_at = max(stopped_at, started_at)
    session.clock_suspect = session.clock_suspect or suspect or stopped_at < started_at
    session.charger_stopped_at = report.charger_at
    session.stop_reason = report.reason or "Local"
    if session.meter_start_wh is None and not session.transaction_uid:
        session.meter_start_wh = energies.first_register_wh(report)
    judged = energies.judge_energy(session, report)
    if is_whole:
        _doubt(session, judged, report, action=action, now=now)
    if judged.stop_wh is not None:
        session.meter_stop_wh = judged.stop_wh
    if judged.energy_wh is not None:
        session.energy_wh = judged.energy_wh


def _doubt(
    session: Session, judged: energies.Judged, report: StopReport, *, action: str, now: datetime
) -> None:
    was, session.energy_doubt = session.energy_doubt, judged.doubt or ""
    if judged.doubt is None or judged.doubt == was:
        return
    _tell_doubt(session, told_wh=report.meter_wh, now=now)
    if report.meter_wh is not None:
        why = f"{judged.doubt.label}; the energy metered before is kept"
        orphans.keep_orphan(report.source, action=action, why=why, payload=report.payload, now=now)


def _tell_doubt(session: Session, *, told_wh: int | None, now: datetime) -> None:
    # A message that can't be written keeps no transaction open.
    Beside(session.pk).attempt(
        "energy doubt", lambda: alerts.energy_doubted(session, told_wh=told_wh, now=now), otherwise=None
    )


def _abandon(session: Session, *, reason: str, now: datetime) -> None:
    session.stopped_at = max(session.metered_at or now, session.started_at or now)
    session.stop_reason = reason
    if energies.is_without_register(session):
        session.energy_doubt = EnergyDoubt.NO_REGISTER
        _tell_doubt(session, told_wh=None, now=now)
    logger.warning("Session %s is closed without a stop: %s", session.pk, reason)


def _end_transaction(session: Session, *, now: datetime, is_told: bool = True, is_whole: bool = True) -> None:
    was_active = session.state == SessionState.ACTIVE
    if was_active:
        session.state, session.state_since = SessionState.FINISHED, now
    session.power_w = session.current_l1_ma = session.current_l2_ma = session.current_l3_ma = 0
    session.save()
    plug_ins.count_energy(session)
    if was_active:
        (limits.transaction_ended if is_told else limits.transaction_abandoned)(session, now=now)
    if is_whole:
        cluster_id = session.connector.charge_point.cluster_id
        publish(TransactionEnded(session_id=session.pk, cluster_id=cluster_id))
        plug_ins.end_if_over(session, cluster_id=cluster_id)
    if (
        was_active
        and session.connector.status == ConnectorStatus.AVAILABLE
        and not plug_ins.is_restarting(session, session.connector, car_seen_at=None, now=now)
    ):
        _close(session, session.connector, now=now)


def _close(
    session: Session,
    connector: Connector,
    *,
    now: datetime,
    has_left: bool = True,
    left_at: datetime | None = None,
) -> None:
    # Nobody left before the end; the connector may have been called free since long before a transaction that arrived late.
    left_at = now if left_at is None else max(left_at, session.stopped_at or session.plugged_at)
    session.state, session.state_since, session.unplugged_at = SessionState.ENDED, now, left_at
    session.save(update_fields=["state", "state_since", "unplugged_at"])
    cluster_id = connector.charge_point.cluster_id
    publish(SessionClosed(session_id=session.pk, cluster_id=cluster_id))
    if has_left:
        publish(CarLeft(session_id=session.pk, cluster_id=cluster_id))
