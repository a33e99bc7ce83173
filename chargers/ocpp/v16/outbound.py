"""OCPP 1.6J to the charge point: commands to calls, answers to verdicts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Division, Payload, Request, Verdict
from chargers.ocpp.v16 import profiles
from chargers.ocpp.wording import connector_of, one_of, renamed, request_number
from chargers.reports import CommandOrder
from evbalancer.common.security import encryption

COMPOSITE_DURATION_S = 3_600
# A charger whose clock is a little behind would hold a schedule that begins now for one of the future.
CLOCK_MARGIN = timedelta(minutes=5)
GOOD = ("Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked")
# What a charger says when there was nothing to clear or to list.
NOTHING_THERE = {
    CommandKind.CLEAR_LIMITS: "Unknown",
    CommandKind.READ_CERTIFICATES: "NotFound",
}
CERTIFICATE_USES = {
    "central_system": "CentralSystemRootCertificate",
    "manufacturer": "ManufacturerRootCertificate",
}


DIVISIONS: Mapping[str, Division] = {
    "GetConfiguration": Division("key", ("GetConfigurationMaxKeys",)),
    "SendLocalList": Division(
        "localAuthorizationList", ("SendLocalListMaxLength",), version="listVersion", update="updateType"
    ),
}


def translate(order: CommandOrder) -> Request:
    """The call for a command; BadCommand when its arguments make no sense in 1.6."""
    writer = WRITERS.get(order.kind)
    if writer is None:
        raise BadCommand(f"OCPP 1.6 has no {order.kind}.")
    try:
        return writer(order)
    except KeyError as missing:
        raise BadCommand(f"The argument {missing} is missing.") from None


def judge(order: CommandOrder, payload: Payload) -> Verdict:
    """What an answer means. Everything but a plain yes is a no: what isn't Accepted was not applied.

    Answers without a status carry a value, or nothing at all; the schema was checked before.
    """
    status = payload.get("status")
    if status is None:
        return Verdict(CommandState.ACCEPTED)
    if status in GOOD or status == NOTHING_THERE.get(order.kind):
        return Verdict(CommandState.ACCEPTED)
    return Verdict(CommandState.REJECTED, str(status))


def _set_limit(order: CommandOrder) -> Request:
    transaction_id = order.arguments["transaction_id"]
    if not isinstance(transaction_id, int):
        raise BadCommand("A TxProfile is never sent without its transaction's id.")
    begins_at, ends_at = order.arguments.get("begins_at"), order.arguments.get("ends_at")
    begins = datetime.now(UTC) if begins_at is None else datetime.fromtimestamp(begins_at, UTC)
    number = connector_of(order)
    profile = profiles.tx_profile(
        connector_number=number,
        transaction_id=transaction_id,
        limit_ma=order.arguments["limit_ma"],
        phases=order.arguments.get("phases"),
        start_at=begins - CLOCK_MARGIN,
        end_at=None if ends_at is None else datetime.fromtimestamp(ends_at, UTC),
        stack_level=order.arguments.get("stack_level", profiles.TX_STACK_LEVEL),
        volts=order.arguments.get("volts"),
    )
    return Request("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


def _set_default_limit(order: CommandOrder) -> Request:
    arguments, number = order.arguments, order.connector_number or 0
    profile = profiles.default_profile(
        connector_number=number,
        limit_ma=arguments["limit_ma"],
        start_at=datetime.now(UTC) - CLOCK_MARGIN,
        wait_s=arguments.get("wait_s", 0),
        stack_level=arguments.get("stack_level", profiles.DEFAULT_STACK_LEVEL)
        + arguments.get("levels_up", 0),
        volts=arguments.get("volts") if arguments.get("unit") == "W" else None,
    )
    return Request("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


def _set_station_limit(order: CommandOrder) -> Request:
    profile = profiles.station_profile(
        limit_ma=order.arguments["limit_ma"],
        start_at=datetime.now(UTC) - CLOCK_MARGIN,
        stack_level=order.arguments.get("stack_level", 0),
        watts=order.arguments.get("watts"),
    )
    return Request("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})


def _clear_limits(order: CommandOrder) -> Request:
    names = {"profile_number": "id", "stack_level": "stackLevel", "purpose": "chargingProfilePurpose"}
    payload = renamed(order.arguments, names)
    if order.connector_number is not None:
        payload["connectorId"] = order.connector_number
    return Request("ClearChargingProfile", payload)


def _read_limit(order: CommandOrder) -> Request:
    duration_s = order.arguments.get("duration_s", COMPOSITE_DURATION_S)
    return Request(
        "GetCompositeSchedule",
        {"connectorId": order.connector_number or 0, "duration": duration_s, "chargingRateUnit": "A"},
    )


def _remote_start(order: CommandOrder) -> Request:
    payload: Payload = {"idTag": order.arguments["id_tag"]}
    if order.connector_number is not None:
        payload["connectorId"] = order.connector_number
    if "limit_ma" in order.arguments:
        payload["chargingProfile"] = profiles.first_profile(
            connector_number=order.connector_number or 0,
            limit_ma=order.arguments["limit_ma"],
            duration_s=order.arguments.get("duration_s"),
            stack_level=order.arguments.get("stack_level", profiles.TX_STACK_LEVEL),
        )
    return Request("RemoteStartTransaction", payload)


def _remote_stop(order: CommandOrder) -> Request:
    return Request("RemoteStopTransaction", {"transactionId": order.arguments["transaction_id"]})


def _unlock(order: CommandOrder) -> Request:
    return Request("UnlockConnector", {"connectorId": connector_of(order)})


def _reset(order: CommandOrder) -> Request:
    return Request("Reset", {"type": one_of(order.arguments, "kind", {"soft": "Soft", "hard": "Hard"})})


def _change_availability(order: CommandOrder) -> Request:
    kind = "Operative" if order.arguments["operative"] else "Inoperative"
    return Request("ChangeAvailability", {"connectorId": order.connector_number or 0, "type": kind})


def _trigger(order: CommandOrder) -> Request:
    payload: Payload = {"requestedMessage": order.arguments["message"]}
    if order.connector_number is not None:
        payload["connectorId"] = order.connector_number
    extended = order.arguments.get("extended", False)
    return Request("ExtendedTriggerMessage" if extended else "TriggerMessage", payload)


def _read_configuration(order: CommandOrder) -> Request:
    keys = order.arguments.get("keys") or []
    return Request("GetConfiguration", {"key": list(keys)} if keys else {})


def _change_configuration(order: CommandOrder) -> Request:
    return Request(
        "ChangeConfiguration", {"key": order.arguments["key"], "value": str(order.arguments["value"])}
    )


def _change_key(order: CommandOrder) -> Request:
    key = encryption.decrypt(order.arguments["encrypted_key"])
    return Request("ChangeConfiguration", {"key": "AuthorizationKey", "value": key})


def _clear_cache(order: CommandOrder) -> Request:
    return Request("ClearCache", {})


def _reserve(order: CommandOrder) -> Request:
    names = {
        "reservation_number": "reservationId",
        "id_tag": "idTag",
        "parent_id_tag": "parentIdTag",
        "expires_at": "expiryDate",
    }
    return Request(
        "ReserveNow", {"connectorId": order.connector_number or 0, **renamed(order.arguments, names)}
    )


def _cancel_reservation(order: CommandOrder) -> Request:
    return Request("CancelReservation", {"reservationId": order.arguments["reservation_number"]})


def _send_local_list(order: CommandOrder) -> Request:
    payload: Payload = {
        "listVersion": order.arguments["version"],
        "updateType": "Differential" if order.arguments.get("differential") else "Full",
    }
    entries = order.arguments.get("entries", [])
    if entries:
        payload["localAuthorizationList"] = [_list_entry(entry) for entry in entries]
    return Request("SendLocalList", payload)


def _list_entry(entry: Mapping[str, Any]) -> Payload:
    # An entry without idTagInfo removes the tag (section 6.45), so that "removed" is said by leaving the status out.
    if "status" not in entry:
        return {"idTag": entry["id_tag"]}
    info = renamed(entry, {"status": "status", "expires_at": "expiryDate"})
    return {"idTag": entry["id_tag"], "idTagInfo": info}


def _read_local_list_version(order: CommandOrder) -> Request:
    return Request("GetLocalListVersion", {})


def _update_firmware(order: CommandOrder) -> Request:
    arguments = order.arguments
    payload = renamed(arguments, {"retries": "retries", "retry_s": "retryInterval"})
    if "signature" not in arguments:
        payload |= {"location": arguments["url"], "retrieveDate": arguments["retrieve_at"]}
        return Request("UpdateFirmware", payload)
    names = {
        "url": "location",
        "retrieve_at": "retrieveDateTime",
        "install_at": "installDateTime",
        "certificate": "signingCertificate",
        "signature": "signature",
    }
    firmware = renamed(arguments, names)
    return Request(
        "SignedUpdateFirmware", {"requestId": request_number(order), "firmware": firmware, **payload}
    )


def _get_log(order: CommandOrder) -> Request:
    arguments = order.arguments
    payload = renamed(arguments, {"retries": "retries", "retry_s": "retryInterval"})
    if arguments["kind"] == "diagnostics":
        payload |= renamed(arguments, {"url": "location", "since": "startTime", "until": "stopTime"})
        return Request("GetDiagnostics", payload)
    names = {"url": "remoteLocation", "since": "oldestTimestamp", "until": "latestTimestamp"}
    payload |= {
        "logType": "SecurityLog",
        "requestId": request_number(order),
        "log": renamed(arguments, names),
    }
    return Request("GetLog", payload)


def _install_certificate(order: CommandOrder) -> Request:
    use = one_of(order.arguments, "use", CERTIFICATE_USES)
    return Request(
        "InstallCertificate", {"certificateType": use, "certificate": order.arguments["certificate"]}
    )


def _delete_certificate(order: CommandOrder) -> Request:
    names = {
        "hash_algorithm": "hashAlgorithm",
        "issuer_name_hash": "issuerNameHash",
        "issuer_key_hash": "issuerKeyHash",
        "serial_number": "serialNumber",
    }
    return Request("DeleteCertificate", {"certificateHashData": renamed(order.arguments, names)})


def _read_certificates(order: CommandOrder) -> Request:
    use = one_of(order.arguments, "use", CERTIFICATE_USES)
    return Request("GetInstalledCertificateIds", {"certificateType": use})


def _send_certificate(order: CommandOrder) -> Request:
    return Request("CertificateSigned", {"certificateChain": order.arguments["chain"]})


def _data_transfer(order: CommandOrder) -> Request:
    names = {"vendor": "vendorId", "message": "messageId", "data": "data"}
    return Request("DataTransfer", renamed(order.arguments, names))


WRITERS: dict[CommandKind, Callable[[CommandOrder], Request]] = {
    CommandKind.CANCEL_RESERVATION: _cancel_reservation,
    CommandKind.CHANGE_AVAILABILITY: _change_availability,
    CommandKind.CHANGE_CONFIGURATION: _change_configuration,
    CommandKind.CHANGE_KEY: _change_key,
    CommandKind.CLEAR_CACHE: _clear_cache,
    CommandKind.CLEAR_LIMITS: _clear_limits,
    CommandKind.DATA_TRANSFER: _data_transfer,
    CommandKind.DELETE_CERTIFICATE: _delete_certificate,
    CommandKind.GET_LOG: _get_log,
    CommandKind.INSTALL_CERTIFICATE: _install_certificate,
    CommandKind.READ_CERTIFICATES: _read_certificates,
    CommandKind.READ_CONFIGURATION: _read_configuration,
    CommandKind.READ_LIMIT: _read_limit,
    CommandKind.READ_LOCAL_LIST_VERSION: _read_local_list_version,
    CommandKind.REMOTE_START: _remote_start,
    CommandKind.REMOTE_STOP: _remote_stop,
    CommandKind.RESERVE: _reserve,
    CommandKind.RESET: _reset,
    CommandKind.SEND_CERTIFICATE: _send_certificate,
    CommandKind.SEND_LOCAL_LIST: _send_local_list,
    CommandKind.SET_DEFAULT_LIMIT: _set_default_limit,
    CommandKind.SET_LIMIT: _set_limit,
    CommandKind.SET_STATION_LIMIT: _set_station_limit,
    CommandKind.TRIGGER: _trigger,
    CommandKind.UNLOCK: _unlock,
    CommandKind.UPDATE_FIRMWARE: _update_firmware,
}
