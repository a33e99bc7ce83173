"""OCPP 2.0.1 from the charging station: calls to reports, outcomes to answers.

An EVSE with all its connectors is one connector of ours: see docs/adr/0030.
"""

from datetime import datetime

from chargers.domain.clocks import parse_time
from chargers.enums import ConnectorStatus, Registration
from chargers.ocpp.protocol import Handler, Payload
from chargers.reports import BootOutcome, BootReport, Outcome, Report, Source, StatusReport

REGISTRATIONS = {
    Registration.ACCEPTED: "Accepted",
    Registration.PENDING: "Pending",
    Registration.REJECTED: "Rejected",
}
STATUSES = {
    "Available": ConnectorStatus.AVAILABLE,
    "Occupied": ConnectorStatus.PREPARING,
    "Reserved": ConnectorStatus.RESERVED,
    "Unavailable": ConnectorStatus.UNAVAILABLE,
    "Faulted": ConnectorStatus.FAULTED,
}


def utc_text(at: datetime) -> str:
    """UTC with a Z and milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def read_boot(payload: Payload, source: Source, received_at: datetime) -> Report:
    station = payload["chargingStation"]
    return BootReport(
        source=source,
        received_at=received_at,
        vendor=station["vendorName"],
        model=station["model"],
        serial_number=station.get("serialNumber", ""),
        firmware_version=station.get("firmwareVersion", ""),
    )


def answer_boot(outcome: BootOutcome, received_at: datetime) -> Payload:
    return {
        "status": REGISTRATIONS[outcome.registration],
        "currentTime": utc_text(received_at),
        "interval": outcome.interval_s,
    }


def read_status(payload: Payload, source: Source, received_at: datetime) -> Report:
    return StatusReport(
        source=source,
        received_at=received_at,
        connector_number=payload["evseId"],
        status=STATUSES[payload["connectorStatus"]],
        charger_at=parse_time(payload["timestamp"]),
    )


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Outcome, received_at: datetime) -> Payload:
    return {}


def _answer_heartbeat(outcome: Outcome, received_at: datetime) -> Payload:
    return {"currentTime": utc_text(received_at)}


HANDLERS = {
    "BootNotification": Handler(read_boot, answer_boot),
    "Heartbeat": Handler(_nothing, _answer_heartbeat, is_logged=False),
    "StatusNotification": Handler(read_status, _empty),
}
