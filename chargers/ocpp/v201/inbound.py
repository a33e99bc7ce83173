"""OCPP 2.0.1 from the charging station: calls to reports, outcomes to answers. The news beside charging: `inbound_news`.

An EVSE with all its connectors is one connector of ours: see docs/adr/0031.
"""

from datetime import datetime
from typing import Any

from chargers.domain.metering.clocks import parse_time
from chargers.enums import ConnectorStatus, Registration, TransactionPhase
from chargers.ocpp.protocol import Handler, Payload
from chargers.ocpp.signed import signed_of
from chargers.ocpp.v201 import inbound_news
from chargers.ocpp.v201.inbound_news import OCCUPIED, STATUSES
from chargers.ocpp.v201.readings import samples_of
from chargers.ocpp.wording import utc_text
from chargers.reports.base import Report, Source
from chargers.reports.charging import (
    MeterReport,
    StatusReport,
    TokenOutcome,
    TokenReport,
    TransactionOutcome,
    TransactionReport,
)
from chargers.reports.outcomes import Outcome
from chargers.reports.sockets import BootOutcome, BootReport

REGISTRATIONS = {
    Registration.ACCEPTED: "Accepted",
    Registration.PENDING: "Pending",
    Registration.REJECTED: "Rejected",
}
CHARGING_STATES = {
    "Charging": ConnectorStatus.CHARGING,
    "EVConnected": ConnectorStatus.PREPARING,
    "SuspendedEV": ConnectorStatus.SUSPENDED_EV,
    "SuspendedEVSE": ConnectorStatus.SUSPENDED_EVSE,
    "Idle": ConnectorStatus.FINISHING,
}
PHASES = {
    "Started": TransactionPhase.STARTED,
    "Updated": TransactionPhase.UPDATED,
    "Ended": TransactionPhase.ENDED,
}
NO_AUTHORIZATION = "NoAuthorization"
GROUP_TYPE = "Central"


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
    told = payload["connectorStatus"]
    return StatusReport(
        source=source,
        received_at=received_at,
        connector_number=payload["evseId"],
        status=STATUSES[told],
        is_coarse=told == OCCUPIED,
        plug_number=payload["connectorId"],
        charger_at=parse_time(payload["timestamp"]),
    )


def read_token(payload: Payload, source: Source, received_at: datetime) -> Report | None:
    if "iso15118CertificateHashData" in payload or "certificate" in payload:
        return None  # nobody here can tell whether a contract certificate was revoked
    return TokenReport(source=source, received_at=received_at, id_tag=_id_tag(payload["idToken"]))


def answer_token(outcome: TokenOutcome | None, received_at: datetime) -> Payload:
    if outcome is None:
        return {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "NoCertificateAvailable"}
    return {"idTokenInfo": _token_info(outcome)}


def read_event(payload: Payload, source: Source, received_at: datetime) -> Report:
    info = payload["transactionInfo"]
    phase = PHASES[payload["eventType"]]
    evse, token = payload.get("evse") or {}, payload.get("idToken")
    return TransactionReport(
        source=source,
        received_at=received_at,
        uid=info["transactionId"],
        phase=phase,
        sequence=max(0, payload["seqNo"]),
        charger_at=parse_time(payload["timestamp"]),
        # EVSE 0 is the station: it names none.
        connector_number=evse.get("id") or None,
        plug_number=evse.get("connectorId"),
        id_tag=None if token is None else _id_tag(token),
        status=None if payload.get("offline", False) else _car_state(info, phase),
        samples=samples_of(payload.get("meterValue", ())),
        signed=signed_of(payload.get("meterValue", ())),
        reason=info.get("stoppedReason", "Local"),
        reservation_number=payload.get("reservationId"),
        payload=payload,
    )


def answer_event(outcome: Outcome, received_at: datetime) -> Payload:
    token = outcome.token if isinstance(outcome, TransactionOutcome) else None
    payload: Payload = {} if token is None else {"idTokenInfo": _token_info(token)}
    if isinstance(outcome, TransactionOutcome) and outcome.cost_minor is not None:
        payload["totalCost"] = outcome.cost_minor / 100
    return payload


def is_event_logged(payload: Payload) -> bool:
    """The meter of a running transaction has a table of its own; all else of it is in the log."""
    return bool(payload["eventType"] != "Updated" or "MeterValue" not in payload["triggerReason"])


def read_meter(payload: Payload, source: Source, received_at: datetime) -> Report:
    return MeterReport(
        source=source,
        received_at=received_at,
        connector_number=payload["evseId"],
        transaction_id=None,
        samples=samples_of(payload["meterValue"]),
        signed=signed_of(payload["meterValue"]),
        payload=payload,
    )


def _car_state(info: Payload, phase: TransactionPhase) -> ConnectorStatus | None:
    told = info.get("chargingState")
    if phase == TransactionPhase.ENDED:
        return ConnectorStatus.FINISHING
    if phase == TransactionPhase.STARTED and told == "Idle":
        # It began with the driver, or with a car in the bay: the cable comes next.
        return ConnectorStatus.PREPARING
    return None if told is None else CHARGING_STATES[told]


def _id_tag(token: Payload) -> str:
    return "" if token["type"] == NO_AUTHORIZATION else str(token["idToken"])


def _token_info(outcome: TokenOutcome) -> Payload:
    info: Payload = {"status": outcome.status}
    if outcome.expires_at is not None:
        info["cacheExpiryDateTime"] = utc_text(outcome.expires_at)
    if outcome.group:
        info["groupIdToken"] = {"idToken": outcome.group, "type": GROUP_TYPE}
    return info


def _nothing(payload: Payload, source: Source, received_at: datetime) -> None:
    """Its record in the OCPP log is all that is kept."""


def _empty(outcome: Any, received_at: datetime) -> Payload:
    return {}


def _answer_heartbeat(outcome: Any, received_at: datetime) -> Payload:
    return {"currentTime": utc_text(received_at)}


HANDLERS = {
    **inbound_news.HANDLERS,
    "Authorize": Handler(read_token, answer_token),
    "BootNotification": Handler(read_boot, answer_boot),
    "Heartbeat": Handler(_nothing, _answer_heartbeat, is_logged=False),
    "MeterValues": Handler(read_meter, _empty, is_logged=False),
    "StatusNotification": Handler(read_status, _empty),
    "TransactionEvent": Handler(read_event, answer_event, is_logged=is_event_logged),
}
