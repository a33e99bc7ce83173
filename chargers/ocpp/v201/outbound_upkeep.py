"""The rest of what a station may be asked in OCPP 2.0.1's words: reservations, lists, firmware, logs, certificates,
its display, and vendors' own."""

from collections.abc import Callable, Mapping
from typing import Any

from chargers.enums import CommandKind
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.v201.outbound_control import id_token
from chargers.ocpp.wording import one_of, renamed, request_number
from chargers.reports import CommandOrder

CERTIFICATE_USES = {
    "central_system": "CSMSRootCertificate",
    "manufacturer": "ManufacturerRootCertificate",
    "vehicle_to_grid": "V2GRootCertificate",
    "mobility_operator": "MORootCertificate",
}
CHAIN_USES = {
    "station": "ChargingStationCertificate",
    "vehicle_to_grid": "V2GCertificate",
    "vehicle_to_grid_20": "V2G20Certificate",
}
LOGS = {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}
PRIORITIES = {"always": "AlwaysFront", "front": "InFront", "cycle": "NormalCycle"}
DISPLAY_STATES = {"charging": "Charging", "faulted": "Faulted", "idle": "Idle", "unavailable": "Unavailable"}
RETRIES = {"retries": "retries", "retry_s": "retryInterval"}


def _reserve(order: CommandOrder) -> Request:
    arguments = order.arguments
    kind = arguments.get("id_tag_kind", "rfid")
    payload: Payload = {
        "id": arguments["reservation_number"],
        "expiryDateTime": arguments["expires_at"],
        "idToken": id_token(arguments["id_tag"], kind),
    }
    if "parent_id_tag" in arguments:
        payload["groupIdToken"] = id_token(arguments["parent_id_tag"], kind)
    if order.connector_number is not None:
        payload["evseId"] = order.connector_number
    return Request("ReserveNow", payload)


def _cancel_reservation(order: CommandOrder) -> Request:
    return Request("CancelReservation", {"reservationId": order.arguments["reservation_number"]})


def _send_local_list(order: CommandOrder) -> Request:
    payload: Payload = {
        "versionNumber": order.arguments["version"],
        "updateType": "Differential" if order.arguments.get("differential") else "Full",
    }
    entries = order.arguments.get("entries", [])
    if entries:
        payload["localAuthorizationList"] = [_list_entry(entry) for entry in entries]
    return Request("SendLocalList", payload)


def _list_entry(entry: Mapping[str, Any]) -> Payload:
    # An entry without idTokenInfo removes the token (D01.FR.17), so that "removed" is said by leaving the status out.
    listed: Payload = {"idToken": id_token(entry["id_tag"], entry.get("id_tag_kind", "rfid"))}
    if "status" in entry:
        listed["idTokenInfo"] = renamed(entry, {"status": "status", "expires_at": "cacheExpiryDateTime"})
    return listed


def _read_local_list_version(order: CommandOrder) -> Request:
    return Request("GetLocalListVersion", {})


def _clear_cache(order: CommandOrder) -> Request:
    return Request("ClearCache", {})


def _update_firmware(order: CommandOrder) -> Request:
    names = {
        "url": "location",
        "retrieve_at": "retrieveDateTime",
        "install_at": "installDateTime",
        "certificate": "signingCertificate",
        "signature": "signature",
    }
    payload = renamed(order.arguments, RETRIES)
    payload |= {"requestId": request_number(order), "firmware": renamed(order.arguments, names)}
    return Request("UpdateFirmware", payload)


def _publish_firmware(order: CommandOrder) -> Request:
    payload = renamed(order.arguments, {**RETRIES, "url": "location", "checksum": "checksum"})
    return Request("PublishFirmware", {"requestId": request_number(order), **payload})


def _unpublish_firmware(order: CommandOrder) -> Request:
    return Request("UnpublishFirmware", {"checksum": order.arguments["checksum"]})


def _get_log(order: CommandOrder) -> Request:
    names = {"url": "remoteLocation", "since": "oldestTimestamp", "until": "latestTimestamp"}
    payload = renamed(order.arguments, RETRIES)
    payload |= {
        "logType": one_of(order.arguments, "kind", LOGS),
        "requestId": request_number(order),
        "log": renamed(order.arguments, names),
    }
    return Request("GetLog", payload)


def _install_certificate(order: CommandOrder) -> Request:
    use = one_of(order.arguments, "use", CERTIFICATE_USES)
    return Request(
        "InstallCertificate", {"certificateType": use, "certificate": order.arguments["certificate"]}
    )


def _delete_certificate(order: CommandOrder) -> Request:
    return Request("DeleteCertificate", {"certificateHashData": _hash_data(order)})


def _hash_data(order: CommandOrder) -> Payload:
    names = {
        "hash_algorithm": "hashAlgorithm",
        "issuer_name_hash": "issuerNameHash",
        "issuer_key_hash": "issuerKeyHash",
        "serial_number": "serialNumber",
    }
    return renamed(order.arguments, names)


def _read_certificates(order: CommandOrder) -> Request:
    if "use" not in order.arguments:
        return Request("GetInstalledCertificateIds", {})
    use = one_of(order.arguments, "use", CERTIFICATE_USES)
    return Request("GetInstalledCertificateIds", {"certificateType": [use]})


def _send_certificate(order: CommandOrder) -> Request:
    payload: Payload = {"certificateChain": order.arguments["chain"]}
    if "use" in order.arguments:
        payload["certificateType"] = one_of(order.arguments, "use", CHAIN_USES)
    payload |= renamed(order.arguments, {"request_number": "requestId"})
    return Request("CertificateSigned", payload)


def _show_message(order: CommandOrder) -> Request:
    arguments = order.arguments
    content = {
        "format": "UTF8",
        **renamed(arguments, {"text": "content", "language": "language"}),
    }
    message: Payload = {
        "id": arguments["message_number"],
        "priority": PRIORITIES[arguments.get("priority", "cycle")],
        "message": content,
        **renamed(
            arguments,
            {"from": "startDateTime", "until": "endDateTime", "transaction_uid": "transactionId"},
        ),
    }
    if "state" in arguments:
        message["state"] = one_of(arguments, "state", DISPLAY_STATES)
    return Request("SetDisplayMessage", {"message": message})


def _read_messages(order: CommandOrder) -> Request:
    arguments = order.arguments
    payload: Payload = {"requestId": request_number(order)}
    if "message_number" in arguments:
        payload["id"] = [arguments["message_number"]]
    if "priority" in arguments:
        payload["priority"] = one_of(arguments, "priority", PRIORITIES)
    if "state" in arguments:
        payload["state"] = one_of(arguments, "state", DISPLAY_STATES)
    return Request("GetDisplayMessages", payload)


def _clear_message(order: CommandOrder) -> Request:
    return Request("ClearDisplayMessage", {"id": order.arguments["message_number"]})


def _customer_data(order: CommandOrder) -> Request:
    arguments = order.arguments
    payload: Payload = {
        "requestId": request_number(order),
        "report": bool(arguments.get("report")),
        "clear": bool(arguments.get("clear")),
    }
    if "id_tag" in arguments:
        payload["idToken"] = id_token(arguments["id_tag"], arguments.get("id_tag_kind", "rfid"))
    if "customer" in arguments:
        payload["customerIdentifier"] = arguments["customer"]
    return Request("CustomerInformation", payload)


def _set_network(order: CommandOrder) -> Request:
    arguments = order.arguments
    connection = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppInterface": arguments.get("interface", "Wired0"),
        **renamed(
            arguments,
            {
                "server_url": "ocppCsmsUrl",
                "timeout_s": "messageTimeout",
                "security_profile": "securityProfile",
            },
        ),
    }
    return Request(
        "SetNetworkProfile", {"configurationSlot": arguments["slot"], "connectionData": connection}
    )


def _data_transfer(order: CommandOrder) -> Request:
    names = {"vendor": "vendorId", "message": "messageId", "data": "data"}
    return Request("DataTransfer", renamed(order.arguments, names))


WRITERS: dict[CommandKind, Callable[[CommandOrder], Request]] = {
    CommandKind.CANCEL_RESERVATION: _cancel_reservation,
    CommandKind.CLEAR_CACHE: _clear_cache,
    CommandKind.CLEAR_MESSAGE: _clear_message,
    CommandKind.CUSTOMER_DATA: _customer_data,
    CommandKind.DATA_TRANSFER: _data_transfer,
    CommandKind.DELETE_CERTIFICATE: _delete_certificate,
    CommandKind.GET_LOG: _get_log,
    CommandKind.INSTALL_CERTIFICATE: _install_certificate,
    CommandKind.PUBLISH_FIRMWARE: _publish_firmware,
    CommandKind.READ_CERTIFICATES: _read_certificates,
    CommandKind.READ_LOCAL_LIST_VERSION: _read_local_list_version,
    CommandKind.READ_MESSAGES: _read_messages,
    CommandKind.RESERVE: _reserve,
    CommandKind.SEND_CERTIFICATE: _send_certificate,
    CommandKind.SEND_LOCAL_LIST: _send_local_list,
    CommandKind.SET_NETWORK: _set_network,
    CommandKind.SHOW_MESSAGE: _show_message,
    CommandKind.UNPUBLISH_FIRMWARE: _unpublish_firmware,
    CommandKind.UPDATE_FIRMWARE: _update_firmware,
}
