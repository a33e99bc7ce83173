"""The rest of what a station may be asked in OCPP 2.0.1's words: reservations, lists, firmware, logs, certificates,
its display, and vendors' own."""

from collections.abc import Mapping

from chargers.ocpp.outbound import Writers, writes
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.v201.outbound_control import id_token
from chargers.ocpp.wording import one_of, renamed, request_number
from chargers.orders import charging, device, trust, upkeep
from chargers.reports.commands import CommandOrder

CERTIFICATE_USES = {
    "central_system": "CSMSRootCertificate",
    "manufacturer": "ManufacturerRootCertificate",
    "vehicle_to_grid": "V2GRootCertificate",
    "mobility_operator": "MORootCertificate",
}
LISTED_USES = {**CERTIFICATE_USES, "vehicle_to_grid_chain": "V2GCertificateChain"}
CHAIN_USES = {
    "station": "ChargingStationCertificate",
    "vehicle_to_grid": "V2GCertificate",
    "vehicle_to_grid_20": "V2G20Certificate",
}
LOGS = {"diagnostics": "DiagnosticsLog", "security": "SecurityLog"}
PRIORITIES = {"always": "AlwaysFront", "front": "InFront", "cycle": "NormalCycle"}
DISPLAY_STATES = {"charging": "Charging", "faulted": "Faulted", "idle": "Idle", "unavailable": "Unavailable"}
WRITERS: Writers = {}
RETRIES = {"retries": "retries", "retry_s": "retryInterval"}


@writes(WRITERS, charging.Reserve, "ReserveNow")
def _reserve(order: charging.Reserve, sent: CommandOrder) -> Request:
    payload: Payload = {
        "id": order.reservation_number,
        "expiryDateTime": order.expires_at,
        "idToken": id_token(order.id_tag, order.id_tag_kind),
    }
    if order.parent_id_tag is not None:
        payload["groupIdToken"] = id_token(order.parent_id_tag, order.id_tag_kind)
    if sent.connector_number is not None:
        payload["evseId"] = sent.connector_number
    return Request("ReserveNow", payload)


@writes(WRITERS, trust.SendLocalList, "SendLocalList")
def _send_local_list(order: trust.SendLocalList, sent: CommandOrder) -> Request:
    payload: Payload = {
        "versionNumber": order.version,
        "updateType": "Differential" if order.differential else "Full",
    }
    if order.entries:
        payload["localAuthorizationList"] = [_list_entry(entry) for entry in order.entries]
    return Request("SendLocalList", payload)


def _list_entry(entry: trust.ListEntry) -> Payload:
    # An entry without idTokenInfo removes the token (D01.FR.17), so that "removed" is said by leaving the status out.
    listed: Payload = {"idToken": id_token(entry.id_tag, entry.id_tag_kind)}
    if entry.status is not None:
        listed["idTokenInfo"] = renamed(entry, {"status": "status", "expires_at": "cacheExpiryDateTime"})
    return listed


@writes(WRITERS, upkeep.UpdateFirmware, "UpdateFirmware")
def _update_firmware(order: upkeep.UpdateFirmware, sent: CommandOrder) -> Request:
    names = {
        "url": "location",
        "retrieve_at": "retrieveDateTime",
        "install_at": "installDateTime",
        "certificate": "signingCertificate",
        "signature": "signature",
    }
    payload = renamed(order, RETRIES)
    payload |= {"requestId": request_number(sent, order.request_number), "firmware": renamed(order, names)}
    return Request("UpdateFirmware", payload)


@writes(WRITERS, upkeep.PublishFirmware, "PublishFirmware")
def _publish_firmware(order: upkeep.PublishFirmware, sent: CommandOrder) -> Request:
    payload = renamed(order, {**RETRIES, "url": "location", "checksum": "checksum"})
    return Request("PublishFirmware", {"requestId": request_number(sent, order.request_number), **payload})


@writes(WRITERS, upkeep.UnpublishFirmware, "UnpublishFirmware")
def _unpublish_firmware(order: upkeep.UnpublishFirmware, sent: CommandOrder) -> Request:
    return Request("UnpublishFirmware", {"checksum": order.checksum})


@writes(WRITERS, upkeep.GetLog, "GetLog")
def _get_log(order: upkeep.GetLog, sent: CommandOrder) -> Request:
    names = {"url": "remoteLocation", "since": "oldestTimestamp", "until": "latestTimestamp"}
    payload = renamed(order, RETRIES)
    payload |= {
        "logType": LOGS[order.log_kind],
        "requestId": request_number(sent, order.request_number),
        "log": renamed(order, names),
    }
    return Request("GetLog", payload)


@writes(WRITERS, trust.InstallCertificate, "InstallCertificate")
def _install_certificate(order: trust.InstallCertificate, sent: CommandOrder) -> Request:
    return install_certificate(order, CERTIFICATE_USES)


def install_certificate(order: trust.InstallCertificate, uses: Mapping[str, str]) -> Request:
    use = one_of("use", order.use, uses)
    return Request("InstallCertificate", {"certificateType": use, "certificate": order.certificate})


@writes(WRITERS, trust.ReadCertificates, "GetInstalledCertificateIds")
def _read_certificates(order: trust.ReadCertificates, sent: CommandOrder) -> Request:
    return read_certificates(order, LISTED_USES)


def read_certificates(order: trust.ReadCertificates, uses: Mapping[str, str]) -> Request:
    if order.use is None:
        return Request("GetInstalledCertificateIds", {})
    return Request("GetInstalledCertificateIds", {"certificateType": [one_of("use", order.use, uses)]})


@writes(WRITERS, trust.SendCertificate, "CertificateSigned")
def _send_certificate(order: trust.SendCertificate, sent: CommandOrder) -> Request:
    payload: Payload = {"certificateChain": order.chain}
    if order.use is not None:
        payload["certificateType"] = CHAIN_USES[order.use]
    payload |= renamed(order, {"request_number": "requestId"})
    return Request("CertificateSigned", payload)


@writes(WRITERS, device.ShowMessage, "SetDisplayMessage")
def _show_message(order: device.ShowMessage, sent: CommandOrder) -> Request:
    content = {
        "format": "UTF8",
        **renamed(order, {"text": "content", "language": "language"}),
    }
    message: Payload = {
        "id": order.message_number,
        "priority": PRIORITIES[order.priority],
        "message": content,
        **renamed(
            order,
            {"begins_at": "startDateTime", "until": "endDateTime", "transaction_uid": "transactionId"},
        ),
    }
    if order.state is not None:
        message["state"] = DISPLAY_STATES[order.state]
    return Request("SetDisplayMessage", {"message": message})


@writes(WRITERS, device.ReadMessages, "GetDisplayMessages")
def _read_messages(order: device.ReadMessages, sent: CommandOrder) -> Request:
    payload: Payload = {"requestId": request_number(sent)}
    if order.message_number is not None:
        payload["id"] = [order.message_number]
    if order.priority is not None:
        payload["priority"] = PRIORITIES[order.priority]
    if order.state is not None:
        payload["state"] = DISPLAY_STATES[order.state]
    return Request("GetDisplayMessages", payload)


@writes(WRITERS, device.ClearMessage, "ClearDisplayMessage")
def _clear_message(order: device.ClearMessage, sent: CommandOrder) -> Request:
    return Request("ClearDisplayMessage", {"id": order.message_number})


@writes(WRITERS, trust.CustomerData, "CustomerInformation")
def _customer_data(order: trust.CustomerData, sent: CommandOrder) -> Request:
    payload: Payload = {
        "requestId": request_number(sent),
        "report": bool(order.report),
        "clear": bool(order.clear),
    }
    if order.id_tag is not None:
        payload["idToken"] = id_token(order.id_tag, order.id_tag_kind)
    if order.customer is not None:
        payload["customerIdentifier"] = order.customer
    return Request("CustomerInformation", payload)


@writes(WRITERS, upkeep.SetNetwork, "SetNetworkProfile")
def _set_network(order: upkeep.SetNetwork, sent: CommandOrder) -> Request:
    connection = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppInterface": order.interface,
        **renamed(
            order,
            {
                "server_url": "ocppCsmsUrl",
                "timeout_s": "messageTimeout",
                "security_profile": "securityProfile",
            },
        ),
    }
    return Request("SetNetworkProfile", {"configurationSlot": order.slot, "connectionData": connection})
