"""OCPP 1.6J from the charge point: calls to reports, outcomes to answers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.enums import CommandKind, ConnectorStatus, Registration
from chargers.ocpp import sampled
from chargers.ocpp.protocol import Handler, Payload
from chargers.ocpp.signed import signed_of
from chargers.ocpp.wording import read_progress
from chargers.reports.base import Report, Source
from chargers.reports.charging import (
    MeterReport,
    Sample,
    StartOutcome,
    StartReport,
    StatusReport,
    StopReport,
    TokenOutcome,
    TokenReport,
)
from chargers.reports.news import CertificateOutcome, CertificateRequest, SecurityReport
from chargers.reports.outcomes import Outcome
from chargers.reports.sockets import BootOutcome, BootReport

REGISTRATIONS = {
    Registration.ACCEPTED: "Accepted",
    Registration.PENDING: "Pending",
    Registration.REJECTED: "Rejected",
}

# Words that came with OCPP 2. The card is known and good, and not here or not now.
TAG_STATUSES = {"NotAtThisLocation": "Blocked", "NotAtThisTime": "Blocked"}


def utc_text(at: datetime) -> str:
    """UTC with a Z and milliseconds, which the oldest parsers understand."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def read_boot(payload: Payload, source: Source, received_at: datetime) -> Report:
    return BootReport(
        source=source,
        received_at=received_at,
        vendor=payload["chargePointVendor"],
        model=payload["chargePointModel"],
        serial_number=payload.get("chargePointSerialNumber") or payload.get("chargeBoxSerialNumber", ""),
        firmware_version=payload.get("firmwareVersion", ""),
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
        connector_number=payload["connectorId"],
        status=ConnectorStatus(payload["status"]),
        error_code=payload["errorCode"],
        vendor_error=" ".join(filter(None, (payload.get("vendorId"), payload.get("vendorErrorCode")))),
        error_info=payload.get("info", ""),
        charger_at=parse_time(payload.get("timestamp")),
    )


def read_token(payload: Payload, source: Source, received_at: datetime) -> Report:
    return TokenReport(source=source, received_at=received_at, id_tag=payload["idTag"])


def answer_token(outcome: TokenOutcome, received_at: datetime) -> Payload:
    return {"idTagInfo": _tag_info(outcome)}


def read_start(payload: Payload, source: Source, received_at: datetime) -> Report:
    return StartReport(
        source=source,
        received_at=received_at,
        connector_number=payload["connectorId"],
        id_tag=payload["idTag"],
        meter_wh=payload.get("meterStart"),
        charger_at=parse_time(payload["timestamp"]),
        reservation_number=payload.get("reservationId"),
        payload=payload,
    )


def answer_start(outcome: StartOutcome, received_at: datetime) -> Payload:
    return {"transactionId": outcome.transaction_id, "idTagInfo": _tag_info(outcome)}


def read_stop(payload: Payload, source: Source, received_at: datetime) -> Report:
    return StopReport(
        source=source,
        received_at=received_at,
        transaction_id=payload["transactionId"],
        meter_wh=payload.get("meterStop"),
        charger_at=parse_time(payload["timestamp"]),
        reason=payload.get("reason", "Local"),
        id_tag=payload.get("idTag", ""),
        samples=_samples(payload.get("transactionData", ())),
        signed=signed_of(payload.get("transactionData", ())),
        payload=payload,
    )


def read_meter(payload: Payload, source: Source, received_at: datetime) -> Report:
    return MeterReport(
        source=source,
        received_at=received_at,
        connector_number=payload["connectorId"],
        transaction_id=_named(payload.get("transactionId")),
        samples=_samples(payload["meterValue"]),
        signed=signed_of(payload["meterValue"]),
        payload=payload,
    )


def read_security_event(payload: Payload, source: Source, received_at: datetime) -> Report:
    return SecurityReport(
        source=source,
        received_at=received_at,
        kind=payload["type"],
        charger_at=parse_time(payload["timestamp"]),
        info=payload.get("techInfo", ""),
    )


def _samples(meter_values: Iterable[Any]) -> tuple[Sample, ...]:
    return tuple(
        [
            sample
            for value in meter_values
            for sample in sampled.of_moment(value["sampledValue"], measured_at=parse_time(value["timestamp"]))
        ]
    )


def _named(transaction_id: int | None) -> int | None:
    """We number from 1: a charger that says 0 or less names no transaction, and means the one that runs."""
    return transaction_id if transaction_id is not None and transaction_id > 0 else None


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Outcome, received_at: datetime) -> Payload:
    return {}


def _answer_heartbeat(outcome: Outcome, received_at: datetime) -> Payload:
    return {"currentTime": utc_text(received_at)}


def _answer_data_transfer(outcome: Outcome, received_at: datetime) -> Payload:
    return {"status": "UnknownVendorId"}


def read_certificate_request(payload: Payload, source: Source, received_at: datetime) -> Report:
    return CertificateRequest(source=source, received_at=received_at, csr=payload["csr"])


def answer_certificate_request(outcome: CertificateOutcome, received_at: datetime) -> Payload:
    return {"status": "Accepted" if outcome.is_accepted else "Rejected"}


def _answer_stop(outcome: Outcome, received_at: datetime) -> Payload:
    return {"idTagInfo": _tag_info(outcome)} if isinstance(outcome, TokenOutcome) else {}


def _tag_info(outcome: TokenOutcome | StartOutcome) -> Payload:
    """With its end, so that a card which expires is not good for ever where it is remembered (section 7.8)."""
    until = {} if outcome.expires_at is None else {"expiryDate": utc_text(outcome.expires_at)}
    return {"status": TAG_STATUSES.get(outcome.status, outcome.status), **until}


HANDLERS = {
    "Authorize": Handler(read_token, answer_token),
    "BootNotification": Handler(read_boot, answer_boot),
    "DataTransfer": Handler(_nothing, _answer_data_transfer),
    "DiagnosticsStatusNotification": Handler(read_progress(CommandKind.GET_LOG), _empty),
    "FirmwareStatusNotification": Handler(read_progress(CommandKind.UPDATE_FIRMWARE), _empty),
    "Heartbeat": Handler(_nothing, _answer_heartbeat, is_logged=False),
    "LogStatusNotification": Handler(read_progress(CommandKind.GET_LOG), _empty),
    "MeterValues": Handler(read_meter, _empty, is_logged=False),
    "SecurityEventNotification": Handler(read_security_event, _empty),
    "SignCertificate": Handler(read_certificate_request, answer_certificate_request),
    "SignedFirmwareStatusNotification": Handler(read_progress(CommandKind.UPDATE_FIRMWARE), _empty),
    "StartTransaction": Handler(read_start, answer_start),
    "StatusNotification": Handler(read_status, _empty),
    "StopTransaction": Handler(read_stop, _answer_stop),
}
