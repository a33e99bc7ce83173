"""What connectors say about themselves, and what that means for the car's stay."""

import logging
from datetime import datetime, timedelta

from chargers.domain import clocks, draws, limits, sessions
from chargers.enums import CAR_IS_THERE, OCCUPIED, ConnectorStatus, SessionState
from chargers.events import ConnectorStatusChanged
from chargers.models import ChargePoint, Connector
from chargers.models.session import OPEN_STATES
from chargers.reports import Source, StatusReport
from evbalancer.common.events import publish

logger = logging.getLogger(__name__)

STATION = 0
SKEW_STEP_S = 5
QUEUE_FLUSHED_AFTER = timedelta(seconds=60)
OUT_OF_ORDER = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)


def report_status(report: StatusReport, *, now: datetime) -> None:
    """Store a connector's status and open or close the session that it implies."""
    if report.charger_at is not None:
        _learn_skew(report, report.charger_at, now=now)
    if report.connector_number == STATION:
        return
    connector = (
        Connector.objects.select_related("charge_point")
        .filter(
            charge_point_id=report.source.charge_point_id, number=report.connector_number, retired_at=None
        )
        .first()
    )
    if connector is None:
        # Answered like any other: an error would only make the charger repeat it.
        logger.warning(
            "Charge point %s has no connector %d", report.source.charge_point_id, report.connector_number
        )
        return
    error_code = "" if report.error_code == "NoError" else report.error_code[:50]
    told = _refined(connector, now=now) if report.is_coarse else report.status
    if not report.is_coarse:
        sessions.note_idle_word(connector, told, now=now)
    change(connector, told, source=report.source, now=now, error_code=error_code)


def change(
    connector: Connector, told: ConnectorStatus, *, source: Source, now: datetime, error_code: str = ""
) -> None:
    """Store a status that was told now, and open or close the session that it implies."""
    was, connector.status = connector.status, told
    connector.error_code = error_code
    if was != told or connector.status_at is None:
        connector.status_at = now
    connector.save(update_fields=["status", "status_at", "error_code"])
    limits.status_told(connector, connection_id=source.connection_id, now=now)
    if told in CAR_IS_THERE:
        sessions.plug_in(connector, now=now)
    elif told == ConnectorStatus.AVAILABLE:
        sessions.unplug(connector, now=now)
    if was != told:
        publish(
            ConnectorStatusChanged(connector_id=connector.pk, cluster_id=source.cluster_id, was=was, now=told)
        )


def _refined(connector: Connector, *, now: datetime) -> ConnectorStatus:
    """What is known of a connector that only says it is occupied."""
    if connector.status in OCCUPIED:
        return ConnectorStatus(connector.status)
    session = connector.sessions.filter(state__in=OPEN_STATES).first()
    if session is not None and session.state == SessionState.ACTIVE:
        # Back from a fault, or a late word; its next event tells more.
        power_w = draws.power_now_w(session, now=now)
        return ConnectorStatus.CHARGING if power_w else ConnectorStatus.SUSPENDED_EVSE
    if session is not None and session.state == SessionState.FINISHED:
        return ConnectorStatus.FINISHING
    return ConnectorStatus.PREPARING


def _learn_skew(report: StatusReport, charger_at: datetime, *, now: datetime) -> None:
    """Statuses are said live, so their time shows the clock; a flushed queue only ever makes a clock look late."""
    skew_s = clocks.skew_of(charger_at, received_at=report.received_at)
    charge_points = ChargePoint.objects.filter(pk=report.source.charge_point_id)
    known_s, connected_at = charge_points.values_list("clock_skew_s", "connected_at").get()
    if abs(skew_s - known_s) <= SKEW_STEP_S or abs(skew_s) > 2**31 - 1:
        return
    if skew_s > known_s or connected_at is None or now - connected_at > QUEUE_FLUSHED_AFTER:
        charge_points.update(clock_skew_s=skew_s)
