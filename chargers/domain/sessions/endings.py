"""Ends of transactions and stays: told by the charger, or closed without its word; and what the meter says of them."""

import logging
from datetime import datetime

from chargers.domain.limits import limits
from chargers.domain.metering import clocks, energies, orphans
from chargers.domain.sessions import plug_ins
from chargers.domain.stations import alerts
from chargers.enums import ConnectorStatus, EnergyDoubt, SessionState
from chargers.events import (
    CarLeft,
    SessionClosed,
    SessionCorrected,
    TransactionEnded,
)
from chargers.models import Connector, Session
from chargers.reports.charging import StopReport
from evbalancer.common.beside import Beside
from evbalancer.common.events import publish

logger = logging.getLogger(__name__)


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
        end_transaction(session, now=now, is_whole=is_whole)


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
    tell_doubt(session, told_wh=report.meter_wh, now=now)
    if report.meter_wh is not None:
        why = f"{judged.doubt.label}; the energy metered before is kept"
        orphans.keep_orphan(report.source, action=action, why=why, payload=report.payload, now=now)


def tell_doubt(session: Session, *, told_wh: int | None, now: datetime) -> None:
    # A message that can't be written keeps no transaction open.
    Beside(session.pk).attempt(
        "energy doubt", lambda: alerts.energy_doubted(session, told_wh=told_wh, now=now), otherwise=None
    )


def abandon_transaction(session: Session, *, reason: str, now: datetime) -> None:
    session.stopped_at = max(session.metered_at or now, session.started_at or now)
    session.stop_reason = reason
    if energies.is_without_register(session):
        session.energy_doubt = EnergyDoubt.NO_REGISTER
        tell_doubt(session, told_wh=None, now=now)
    logger.warning("Session %s is closed without a stop: %s", session.pk, reason)


def end_transaction(session: Session, *, now: datetime, is_told: bool = True, is_whole: bool = True) -> None:
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
        close_session(session, session.connector, now=now)


def close_session(
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
