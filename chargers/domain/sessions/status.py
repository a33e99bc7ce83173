"""The statuses of connectors, and their meaning for the car's stay."""

import logging
from datetime import datetime, timedelta

from django.db.models import QuerySet

from chargers.domain.limits import limits
from chargers.domain.metering import clocks, draws
from chargers.domain.sessions import sessions
from chargers.domain.stations import alerts
from chargers.enums import CAR_IS_THERE, OCCUPIED, ConnectorStatus, SessionState
from chargers.events import ConnectorStatusChanged
from chargers.models import ChargePoint, Connector
from chargers.models.session import OPEN_STATES
from chargers.reports.base import STATION, Source
from chargers.reports.charging import StatusReport
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.events import publish
from evbalancer.common.units import INT32_MAX

logger = logging.getLogger(__name__)

MOST_PLUGS = 32_767
MOST_OCCUPIED = 8
SKEW_STEP_S = 5
QUEUE_FLUSHED_AFTER = timedelta(seconds=60)
OUT_OF_ORDER = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)


def report_status(report: StatusReport, *, now: datetime) -> None:
    """Store a connector's status and open or close the session that it implies."""
    if report.charger_at is not None:
        _learn_skew(report, report.charger_at, now=now)
    error_code = "" if report.error_code == "NoError" else report.error_code[:50]
    words = {
        "vendor_error": report.vendor_error[:320],
        "error_info": report.error_info[:60],
    }
    if report.connector_number == STATION:
        _tell_station(report, error_code, words, now=now)
        return
    connector = _connectors_of_number.first(
        charge_point_id=report.source.charge_point_id, number=report.connector_number
    )
    if connector is None:
        # Answered like any other: an error would only make the charger repeat it.
        logger.warning(
            "Charge point %s has no connector %d", report.source.charge_point_id, report.connector_number
        )
        return
    if _is_of_an_idle_plug(connector, report):
        return
    connector.vendor_error, connector.error_info = words["vendor_error"], words["error_info"]
    told = _refined(connector, now=now) if report.is_coarse else report.status
    sessions.note_idle_word(connector, told, now=now, is_coarse=report.is_coarse)
    change_status(connector, told, source=report.source, now=now, error_code=error_code)


@prepared
def _connectors_of_number(charge_point_id: One, number: One) -> QuerySet[Connector]:
    mine = Connector.objects.filter(charge_point_id=charge_point_id, number=number, retired_at=None)
    return mine.select_related("charge_point").order_by("pk")[:1]


def change_status(
    connector: Connector, told: ConnectorStatus, *, source: Source, now: datetime, error_code: str = ""
) -> None:
    """Store a status that was reported now, and open or close the session that it implies."""
    was, connector.status = connector.status, told
    car_seen_at = connector.status_at if was in CAR_IS_THERE else None
    connector.error_code = error_code
    if was != told or connector.status_at is None:
        connector.status_at = now
    connector.save(update_fields=["status", "status_at", "error_code", "vendor_error", "error_info"])
    limits.status_told(connector, connection_id=source.connection_id, now=now)
    if told in CAR_IS_THERE:
        sessions.plug_in(connector, now=now)
    elif told == ConnectorStatus.AVAILABLE:
        sessions.unplug_car(connector, car_seen_at=car_seen_at, now=now)
    if was != told:
        publish(
            ConnectorStatusChanged(connector_id=connector.pk, cluster_id=source.cluster_id, was=was, now=told)
        )


def _is_of_an_idle_plug(connector: Connector, report: StatusReport) -> bool:
    """An EVSE serves one car: while one of its plugs has it, the others say nothing about it."""
    plug, was = report.plug_number or 0, set(connector.occupied_plugs)
    if not 0 <= plug <= MOST_PLUGS:
        return False
    # The EVSE as a whole speaks for all of its plugs.
    others = was - {plug} if plug else set()
    occupied = others | {plug} if plug and report.is_coarse and len(others) < MOST_OCCUPIED else others
    if occupied != was:
        connector.occupied_plugs = sorted(occupied)
        connector.save(update_fields=["occupied_plugs"])
    if others:
        return True
    if report.is_coarse or connector.plug_number is None:
        note_plug(connector, plug)
    return False


def forget_plugs(charge_point: ChargePoint) -> None:
    """It booted, and tells of each plug."""
    charge_point.connectors.exclude(occupied_plugs=[]).update(occupied_plugs=[])


def note_plug(connector: Connector, number: int | None) -> None:
    """Which of an EVSE's connectors is in use: the one that an unlock is for."""
    if number is not None and 0 < number <= MOST_PLUGS and number != connector.plug_number:
        connector.plug_number = number
        connector.save(update_fields=["plug_number"])


def _tell_station(report: StatusReport, error_code: str, words: dict[str, str], *, now: datetime) -> None:
    """The charge point as a whole. When it breaks or is well again, a person should see it."""
    charge_point = ChargePoint.objects.get(pk=report.source.charge_point_id)
    was, was_code = charge_point.status, charge_point.error_code
    charge_point.status, charge_point.error_code = report.status, error_code
    charge_point.vendor_error, charge_point.error_info = words["vendor_error"], words["error_info"]
    if was != report.status or charge_point.status_at is None:
        charge_point.status_at = now
    charge_point.save(update_fields=["status", "status_at", "error_code", "vendor_error", "error_info"])
    is_bad, was_bad = report.status in OUT_OF_ORDER, was in OUT_OF_ORDER
    if is_bad != was_bad or (is_bad and (was, was_code) != (report.status, error_code)):
        alerts.station_status(charge_point, now=now)


def _refined(connector: Connector, *, now: datetime) -> ConnectorStatus:
    """The state of a connector that only says it is occupied."""
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
    if abs(skew_s - known_s) <= SKEW_STEP_S or abs(skew_s) > INT32_MAX:
        return
    if skew_s > known_s or connected_at is None or now - connected_at > QUEUE_FLUSHED_AFTER:
        charge_points.update(clock_skew_s=skew_s)
