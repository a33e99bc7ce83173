"""OCPP 2.1 from the charging station. Its 2.0.1 calls are read as those are; the news of it are confirmed or declined.

There are no payments and battery swaps here: they are confirmed where the specification knows no other answer, and
declined where it does.
"""

from datetime import datetime
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.ocpp.protocol import Handler, Payload
from chargers.ocpp.v201 import inbound
from chargers.ocpp.wording import later_part, utc_text
from chargers.reports.base import Report, Source
from chargers.reports.news import GridControlReport, GridFaultReport, LaterReport, PriorityReport


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Any, received_at: datetime) -> Payload:
    return {}


def _rejected(outcome: Any, received_at: datetime) -> Payload:
    return {"status": "Rejected"}


def _unknown_chain(payload: Payload, received_at: datetime) -> Payload:
    """Nobody here asks the authorities of these certificates: no status is known, and none is good for any time."""
    return {
        "certificateStatus": [
            {
                "certificateHashData": asked["certificateHashData"],
                "source": asked["source"],
                "status": "Failed",
                "nextUpdate": utc_text(received_at),
            }
            for asked in payload["certificateStatusRequests"]
        ]
    }


def _no_vat_number(payload: Payload, received_at: datetime) -> Payload:
    """Nobody here can validate it, so that it is not taken. The answer names what it is about."""
    return {
        "status": "Rejected",
        **{name: payload[name] for name in ("vatNumber", "evseId") if name in payload},
    }


def _read_der_controls(payload: Payload, source: Source, received_at: datetime) -> Report:
    kinds = {name: value for name, value in payload.items() if name not in ("requestId", "tbc")}
    return LaterReport(source=source, received_at=received_at, later=later_part(payload, (), (kinds,)))


def _read_grid_fault(payload: Payload, source: Source, received_at: datetime) -> Report:
    return GridFaultReport(
        source=source,
        received_at=received_at,
        control=payload["controlType"],
        charger_at=parse_time(payload["timestamp"]),
        fault=payload.get("gridEventFault", ""),
        info=payload.get("extraInfo", ""),
        is_over=payload.get("alarmEnded", False),
    )


def _read_priority(payload: Payload, source: Source, received_at: datetime) -> Report:
    return PriorityReport(
        source=source,
        received_at=received_at,
        transaction_uid=payload["transactionId"],
        is_active=payload["activated"],
    )


def _read_grid_control(payload: Payload, source: Source, received_at: datetime) -> Report:
    return GridControlReport(
        source=source,
        received_at=received_at,
        control_id=payload["controlId"],
        charger_at=parse_time(payload["timestamp"]),
        is_started=payload["started"],
        superseded=tuple(payload.get("supersededIds", ())),
    )


HANDLERS = {
    **inbound.HANDLERS,
    "BatterySwap": Handler(_nothing, _empty),
    "ClosePeriodicEventStream": Handler(_nothing, _empty),
    "GetCertificateChainStatus": Handler(_nothing, _empty, echo=_unknown_chain),
    "NotifyDERAlarm": Handler(_read_grid_fault, _empty),
    "NotifyDERStartStop": Handler(_read_grid_control, _empty),
    "NotifyPriorityCharging": Handler(_read_priority, _empty),
    "NotifySettlement": Handler(_nothing, _empty),
    # Frames that nobody confirms are not taken: its meter comes with its transactions.
    "OpenPeriodicEventStream": Handler(_nothing, _rejected),
    # No profile of ours is dynamic.
    "PullDynamicScheduleUpdate": Handler(_nothing, _rejected),
    "ReportDERControl": Handler(_read_der_controls, _empty),
    "VatNumberValidation": Handler(_nothing, _rejected, echo=_no_vat_number),
}
