"""What a 2.0.1 station tells beside charging: its device model, events, limits of others, certificates and upkeep."""

from datetime import datetime
from itertools import chain
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.enums import CommandKind, ConnectorStatus
from chargers.ocpp.protocol import Handler, Payload
from chargers.ocpp.v201 import needs
from chargers.ocpp.v201.device_model import read_report, told_of
from chargers.ocpp.v201.outbound_upkeep import CHAIN_USES
from chargers.ocpp.v201.steps import limit_steps
from chargers.ocpp.wording import read_end, read_parts, read_progress
from chargers.reports.base import STATION, Report, Source
from chargers.reports.charging import StatusReport
from chargers.reports.news import (
    CertificateOutcome,
    CertificateRequest,
    ExternalLimitReport,
    Occurrence,
    OccurrenceReport,
    ReservationReport,
    SecurityReport,
    StatesReport,
)

CHAIN_USE_OF = {theirs: ours for ours, theirs in CHAIN_USES.items()}
ALERTING = "Alerting"
OCCUPIED = "Occupied"
STATUSES = {
    "Available": ConnectorStatus.AVAILABLE,
    OCCUPIED: ConnectorStatus.PREPARING,
    "Reserved": ConnectorStatus.RESERVED,
    "Unavailable": ConnectorStatus.UNAVAILABLE,
    "Faulted": ConnectorStatus.FAULTED,
}
# Where a station tells its state as a variable (2.0.1 G01, G03), which 2.1 has instead of StatusNotification.
STATE = "AvailabilityState"
HAS_A_STATE = ("ChargingStation", "Connector", "EVSE")


def read_security_event(payload: Payload, source: Source, received_at: datetime) -> Report:
    return SecurityReport(
        source=source,
        received_at=received_at,
        kind=payload["type"],
        charger_at=parse_time(payload["timestamp"]),
        info=payload.get("techInfo", ""),
    )


def read_events(payload: Payload, source: Source, received_at: datetime) -> Report:
    events = payload["eventData"]
    occurrences = tuple(_occurrence(data) for data in events)
    statuses = tuple(_status(data, source, received_at) for data in events if _is_state(data))
    if statuses:
        return StatesReport(
            source=source, received_at=received_at, occurrences=occurrences, statuses=statuses
        )
    return OccurrenceReport(source=source, received_at=received_at, occurrences=occurrences)


def read_limit(payload: Payload, source: Source, received_at: datetime) -> Report:
    limit = payload["chargingLimit"]
    steps = [limit_steps(schedule, received_at) for schedule in payload.get("chargingSchedule", ())]
    return ExternalLimitReport(
        source=source,
        received_at=received_at,
        connector_number=payload.get("evseId", STATION),
        origin=limit["chargingLimitSource"],
        steps=tuple(chain.from_iterable(steps)),
        is_grid_critical=limit.get("isGridCritical", False),
    )


def read_limit_cleared(payload: Payload, source: Source, received_at: datetime) -> Report:
    return ExternalLimitReport(
        source=source,
        received_at=received_at,
        connector_number=payload.get("evseId", STATION),
        origin=payload["chargingLimitSource"],
        is_over=True,
    )


def read_reservation(payload: Payload, source: Source, received_at: datetime) -> Report:
    return ReservationReport(
        source=source,
        received_at=received_at,
        reservation_number=payload["reservationId"],
        how=payload["reservationUpdateStatus"],
    )


def read_certificate_request(payload: Payload, source: Source, received_at: datetime) -> Report:
    return CertificateRequest(
        source=source,
        received_at=received_at,
        csr=payload["csr"],
        use=CHAIN_USE_OF.get(payload.get("certificateType", ""), ""),
        request_number=payload.get("requestId"),
    )


def _occurrence(data: Payload) -> Occurrence:
    words = (data.get("techCode"), data.get("techInfo"))
    return Occurrence(
        about=told_of(data, value=data["actualValue"]),
        is_alert=data["trigger"] == ALERTING,
        is_over=data.get("cleared", False),
        charger_at=parse_time(data["timestamp"]),
        info=" ".join(word for word in words if word),
    )


def _is_state(data: Payload) -> bool:
    component, variable = data["component"]["name"], data["variable"]["name"]
    return component in HAS_A_STATE and variable == STATE and data["actualValue"] in STATUSES


def _status(data: Payload, source: Source, received_at: datetime) -> StatusReport:
    evse, told = data["component"].get("evse", {}), data["actualValue"]
    return StatusReport(
        source=source,
        received_at=received_at,
        connector_number=evse.get("id", STATION),
        status=STATUSES[told],
        is_coarse=told == OCCUPIED,
        vendor_error=data.get("techCode", ""),
        error_info=data.get("techInfo", ""),
        plug_number=evse.get("connectorId"),
        charger_at=parse_time(data["timestamp"]),
    )


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Any, received_at: datetime) -> Payload:
    return {}


def answer_certificate_request(outcome: CertificateOutcome, received_at: datetime) -> Payload:
    return {"status": "Accepted" if outcome.is_accepted else "Rejected"}


def _failed(outcome: Any, received_at: datetime) -> Payload:
    # Contract certificates and their revocation are a mobility operator's business.
    return {"status": "Failed"}


def _no_contract(outcome: Any, received_at: datetime) -> Payload:
    return {"status": "Failed", "exiResponse": ""}


def _unknown_vendor(outcome: Any, received_at: datetime) -> Payload:
    return {"status": "UnknownVendorId"}


HANDLERS = {
    "ClearedChargingLimit": Handler(read_limit_cleared, _empty),
    "DataTransfer": Handler(_nothing, _unknown_vendor),
    "FirmwareStatusNotification": Handler(read_progress(CommandKind.UPDATE_FIRMWARE), _empty),
    "Get15118EVCertificate": Handler(_nothing, _no_contract),
    "GetCertificateStatus": Handler(_nothing, _failed),
    "LogStatusNotification": Handler(read_progress(CommandKind.GET_LOG), _empty),
    "NotifyChargingLimit": Handler(read_limit, _empty),
    # What is kept of a customer is shown by the log for as long as that lasts, and nowhere else.
    "NotifyCustomerInformation": Handler(read_end(CommandKind.CUSTOMER_DATA), _empty),
    "NotifyDisplayMessages": Handler(read_parts("messageInfo", CommandKind.READ_MESSAGES), _empty),
    "NotifyEVChargingNeeds": Handler(needs.read_needs, needs.answer_needs),
    "NotifyEVChargingSchedule": Handler(needs.read_schedule, needs.answer_schedule),
    "NotifyEvent": Handler(read_events, _empty),
    "NotifyMonitoringReport": Handler(read_parts("monitor", CommandKind.READ_MONITORS), _empty),
    "NotifyReport": Handler(read_report, _empty),
    "PublishFirmwareStatusNotification": Handler(read_progress(CommandKind.PUBLISH_FIRMWARE), _empty),
    "ReportChargingProfiles": Handler(read_parts("chargingProfile", CommandKind.READ_PROFILES), _empty),
    "ReservationStatusUpdate": Handler(read_reservation, _empty),
    "SecurityEventNotification": Handler(read_security_event, _empty),
    "SignCertificate": Handler(read_certificate_request, answer_certificate_request),
}
