"""Alerts of charge points that a person should see: in the audit trail, and from there on the charge point's page."""

from datetime import datetime
from typing import Any

from chargers.domain.stations import device_model
from chargers.enums import EnergyDoubt
from chargers.models import ChargePoint, Connector, Session
from chargers.reports.base import Report
from chargers.reports.news import OccurrenceReport, ReservationReport, SecurityReport
from drivers.domain.notifications import notify_managers
from drivers.enums import NotificationKind
from evbalancer.common.words.said import Said
from grid.domain import audit
from grid.enums import ActorKind

SECURITY_EVENT = "charge_point.security_event"
ALERT = "charge_point.alert"
RESERVATION_ENDED = "charge_point.reservation_ended"
OVERDRAWN = "charge_point.overdrawn"
ENERGY_DOUBTED = "charge_point.energy_doubted"
STATUS = "charge_point.status"
GRID_FAULT = "charge_point.grid_fault"
GRID_CONTROL = "charge_point.grid_control"
SEEN_ON_ITS_PAGE = (
    SECURITY_EVENT,
    ALERT,
    RESERVATION_ENDED,
    OVERDRAWN,
    ENERGY_DOUBTED,
    STATUS,
    GRID_FAULT,
    GRID_CONTROL,
)


def security_event(report: SecurityReport, *, now: datetime) -> None:
    after = {"kind": report.kind, "charger_at": report.charger_at, "info": report.info}
    record_news(report, SECURITY_EVENT, after, now=now)


def note_occurrence(report: OccurrenceReport, *, now: datetime) -> None:
    """Every event tells the value of a variable; those that alert are for people too."""
    device_model.store_variables(report.source, [one.about for one in report.occurrences], now=now)
    for one in report.occurrences:
        if one.is_alert:
            after: dict[str, Any] = {
                "about": f"{one.about.component}.{one.about.variable}",
                "value": one.about.value,
                "is_over": one.is_over,
                "charger_at": one.charger_at,
                "info": one.info,
            }
            if one.about.evse_number:
                after["evse"] = one.about.evse_number
            record_news(report, ALERT, after, now=now)


def reservation_ended(report: ReservationReport, *, now: datetime) -> None:
    after = {"reservation_number": report.reservation_number, "how": report.how}
    record_news(report, RESERVATION_ENDED, after, now=now)


def record_overdraw(connector: Connector, *, measured_ma: int, allowed_ma: int, now: datetime) -> None:
    audit.record_entry(
        actor=audit.SYSTEM,
        action=OVERDRAWN,
        target=connector.charge_point,
        after={"connector": connector.number, "measured_ma": measured_ma, "allowed_ma": allowed_ma},
        now=now,
    )


def energy_doubted(session: Session, *, told_wh: int | None, now: datetime) -> None:
    """A transaction ended whose meter can't be believed, or said nothing: its managers look before anybody is billed for it."""
    connector, doubt = session.connector, EnergyDoubt(session.energy_doubt)
    audit.record_entry(
        actor=audit.SYSTEM,
        action=ENERGY_DOUBTED,
        target=connector.charge_point,
        after={
            "connector": connector.number,
            "session": str(session.pk),
            "why": doubt.value,
            "told_wh": told_wh,
            "energy_wh": session.energy_wh,
        },
        now=now,
    )
    notify_managers(
        session.community_id,
        kind=NotificationKind.METER,
        said=Said(
            "meter.doubted",
            {
                "connector": str(connector),
                "why": Said(f"energy_doubt.{doubt.value}"),
                "energy_wh": session.energy_wh,
            },
        ),
        now=now,
        about=f"{session.pk}:{doubt.value}",
    )


def station_status(charge_point: ChargePoint, *, now: datetime) -> None:
    """It said of itself as a whole that it is out of order, or well again."""
    audit.record_entry(
        actor=_itself(charge_point),
        action=STATUS,
        target=charge_point,
        after={
            "status": charge_point.status,
            "error_code": charge_point.error_code,
            "vendor_error": charge_point.vendor_error,
            "info": charge_point.error_info,
        },
        now=now,
    )


def _itself(charge_point: ChargePoint) -> audit.Actor:
    return audit.Actor(ActorKind.CHARGER, str(charge_point.pk), charge_point.identity)


def record_news(report: Report, action: str, after: dict[str, Any], *, now: datetime) -> None:
    """Keep what a charge point told where its page shows it."""
    charge_point = ChargePoint.objects.get(pk=report.source.charge_point_id)
    audit.record_entry(
        actor=_itself(charge_point),
        action=action,
        target=charge_point,
        after=after,
        now=now,
    )
