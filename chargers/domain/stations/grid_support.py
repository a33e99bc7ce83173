"""What a charge point does for the grid (DER controls of OCPP 2.1): its faults, until they end, and which control is at work."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from chargers.domain.stations import alerts
from chargers.models import ChargePoint
from chargers.reports.news import GridControlReport, GridFaultReport

# A fault whose end never came is not told for ever. Each control has one at most, so that they are few.
HEARD_FOR: Final = timedelta(days=7)


def note_grid_fault(report: GridFaultReport, *, now: datetime) -> None:
    """Keep the fault of its control until it is over. Its cluster is locked: no other report comes between."""
    told = ChargePoint.objects.values_list("grid_faults", flat=True).get(pk=report.source.charge_point_id)
    faults = dict(told or {})
    if report.is_over:
        faults.pop(report.control, None)
    else:
        since = faults.get(report.control, {}).get("since", now.isoformat())
        faults[report.control] = {"fault": report.fault, "since": since, "told_at": now.isoformat()}
    ChargePoint.objects.filter(pk=report.source.charge_point_id).update(grid_faults=faults or None)
    after = {
        "control": report.control,
        "fault": report.fault,
        "is_over": report.is_over,
        "charger_at": report.charger_at,
        "info": report.info,
    }
    alerts.record_news(report, alerts.GRID_FAULT, after, now=now)


def note_grid_control(report: GridControlReport, *, now: datetime) -> None:
    after = {
        "control_id": report.control_id,
        "is_started": report.is_started,
        "superseded": list(report.superseded),
        "charger_at": report.charger_at,
    }
    alerts.record_news(report, alerts.GRID_CONTROL, after, now=now)


def with_grid_faults() -> QuerySet[ChargePoint]:
    return ChargePoint.objects.filter(grid_faults__isnull=False, retired_at=None)


def standing_faults(charge_point: ChargePoint, *, now: datetime) -> dict[str, datetime]:
    """What it acts on by its own word, each since when: the fault, or the control where none was named."""
    standing: dict[str, datetime] = {}
    for control, told in (charge_point.grid_faults or {}).items():
        if datetime.fromisoformat(told["told_at"]) > now - HEARD_FOR:
            since = datetime.fromisoformat(told["since"])
            name = told["fault"] or control
            standing[name] = min(since, standing.get(name, since))
    return standing
