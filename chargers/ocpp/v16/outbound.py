"""OCPP 1.6J to the charge point: commands to calls, answers to verdicts."""

from collections.abc import Mapping

from django.utils.translation import gettext

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.ocpp.outbound import Outbound, Writers, writes
from chargers.ocpp.protocol import Division, Payload, Request
from chargers.ocpp.shared_orders import SHARED_WRITERS, ends_at, next_key, starts_at, write_calls
from chargers.ocpp.v16 import profiles
from chargers.ocpp.v16.inbound import HANDLERS
from chargers.ocpp.wording import connector_of, one_of, otherwise, plain, renamed, request_number
from chargers.orders import charging, trust, upkeep
from chargers.orders.words import LogKind, RateUnit, ResetKind
from chargers.reports.commands import CommandOrder

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
RESETS: Mapping[str, str] = {ResetKind.SOFT: "Soft", ResetKind.HARD: "Hard"}
WRITERS: Writers = dict(SHARED_WRITERS)
write_calls(WRITERS, package="v16", taken=HANDLERS)
OUTBOUND = Outbound("OCPP 1.6", WRITERS, NOTHING_THERE)
translate, judge = OUTBOUND.translate, OUTBOUND.judge


@writes(WRITERS, charging.SetLimit, "SetChargingProfile")
def _set_limit(order: charging.SetLimit, sent: CommandOrder) -> Request:
    if order.transaction_id is None:
        raise BadCommand(gettext("A TxProfile is never sent without its transaction's id."))
    number = connector_of(sent)
    profile = profiles.tx_profile(
        connector_number=number,
        transaction_id=order.transaction_id,
        limit_ma=order.limit_ma,
        phases=order.phases,
        start_at=starts_at(order.begins_at),
        end_at=ends_at(order),
        stack_level=otherwise(order.stack_level, profiles.TX_STACK_LEVEL),
        volts=order.volts,
    )
    return Request("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


@writes(WRITERS, charging.SetFallback, "SetChargingProfile")
def _set_fallback(order: charging.SetFallback, sent: CommandOrder) -> Request:
    number = sent.connector_number or 0
    profile = profiles.fallback_profile(
        connector_number=number,
        limit_ma=order.limit_ma,
        start_at=starts_at(),
        wait_s=order.wait_s,
        stack_level=otherwise(order.stack_level, profiles.FALLBACK_STACK_LEVEL) + order.levels_up,
        volts=order.volts if order.unit == "W" else None,
    )
    return Request("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


@writes(WRITERS, charging.SetStationLimit, "SetChargingProfile")
def _set_station_limit(order: charging.SetStationLimit, sent: CommandOrder) -> Request:
    profile = profiles.station_profile(
        limit_ma=order.limit_ma,
        start_at=starts_at(),
        stack_level=order.stack_level,
        watts=order.watts,
    )
    return Request("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})


@writes(WRITERS, charging.ClearLimits, "ClearChargingProfile")
def _clear_limits(order: charging.ClearLimits, sent: CommandOrder) -> Request:
    names = {"profile_number": "id", "stack_level": "stackLevel", "purpose": "chargingProfilePurpose"}
    payload = renamed(order, names)
    if sent.connector_number is not None:
        payload["connectorId"] = sent.connector_number
    return Request("ClearChargingProfile", payload)


@writes(WRITERS, charging.ReadLimit, "GetCompositeSchedule")
def _read_limit(order: charging.ReadLimit, sent: CommandOrder) -> Request:
    return Request(
        "GetCompositeSchedule",
        {
            "connectorId": sent.connector_number or 0,
            "duration": order.duration_s,
            "chargingRateUnit": plain(order.unit or RateUnit.AMPERES),
        },
    )


@writes(WRITERS, charging.RemoteStart, "RemoteStartTransaction")
def _remote_start(order: charging.RemoteStart, sent: CommandOrder) -> Request:
    payload: Payload = {"idTag": order.id_tag}
    if sent.connector_number is not None:
        payload["connectorId"] = sent.connector_number
    if order.limit_ma is not None:
        payload["chargingProfile"] = profiles.first_profile(
            connector_number=sent.connector_number or 0,
            limit_ma=order.limit_ma,
            duration_s=order.duration_s,
            stack_level=otherwise(order.stack_level, profiles.TX_STACK_LEVEL),
        )
    return Request("RemoteStartTransaction", payload)


@writes(WRITERS, charging.RemoteStop, "RemoteStopTransaction")
def _remote_stop(order: charging.RemoteStop, sent: CommandOrder) -> Request:
    if order.transaction_id is None:
        raise BadCommand(gettext("The argument '%(name)s' is missing.") % {"name": "transaction_id"})
    return Request("RemoteStopTransaction", {"transactionId": order.transaction_id})


@writes(WRITERS, charging.Unlock, "UnlockConnector")
def _unlock(order: charging.Unlock, sent: CommandOrder) -> Request:
    return Request("UnlockConnector", {"connectorId": connector_of(sent)})


@writes(WRITERS, upkeep.Reset, "Reset")
def _reset(order: upkeep.Reset, sent: CommandOrder) -> Request:
    return Request("Reset", {"type": one_of("kind", order.reset_kind, RESETS)})


@writes(WRITERS, charging.ChangeAvailability, "ChangeAvailability")
def _change_availability(order: charging.ChangeAvailability, sent: CommandOrder) -> Request:
    kind = "Operative" if order.operative else "Inoperative"
    return Request("ChangeAvailability", {"connectorId": sent.connector_number or 0, "type": kind})


@writes(WRITERS, upkeep.Trigger, "TriggerMessage", "ExtendedTriggerMessage")
def _trigger(order: upkeep.Trigger, sent: CommandOrder) -> Request:
    payload: Payload = {"requestedMessage": order.message}
    if sent.connector_number is not None:
        payload["connectorId"] = sent.connector_number
    return Request("ExtendedTriggerMessage" if order.extended else "TriggerMessage", payload)


@writes(WRITERS, upkeep.ReadConfiguration, "GetConfiguration")
def _read_configuration(order: upkeep.ReadConfiguration, sent: CommandOrder) -> Request:
    return Request("GetConfiguration", {"key": list(order.keys)} if order.keys else {})


@writes(WRITERS, upkeep.ChangeConfiguration, "ChangeConfiguration")
def _change_configuration(order: upkeep.ChangeConfiguration, sent: CommandOrder) -> Request:
    return Request("ChangeConfiguration", {"key": order.key, "value": order.value})


@writes(WRITERS, trust.ChangeKey, "ChangeConfiguration")
def _change_key(order: trust.ChangeKey, sent: CommandOrder) -> Request:
    return Request("ChangeConfiguration", {"key": "AuthorizationKey", "value": next_key(order)})


@writes(WRITERS, charging.Reserve, "ReserveNow")
def _reserve(order: charging.Reserve, sent: CommandOrder) -> Request:
    names = {
        "reservation_number": "reservationId",
        "id_tag": "idTag",
        "parent_id_tag": "parentIdTag",
        "expires_at": "expiryDate",
    }
    return Request("ReserveNow", {"connectorId": sent.connector_number or 0, **renamed(order, names)})


@writes(WRITERS, trust.SendLocalList, "SendLocalList")
def _send_local_list(order: trust.SendLocalList, sent: CommandOrder) -> Request:
    payload: Payload = {
        "listVersion": order.version,
        "updateType": "Differential" if order.differential else "Full",
    }
    if order.entries:
        payload["localAuthorizationList"] = [_list_entry(entry) for entry in order.entries]
    return Request("SendLocalList", payload)


def _list_entry(entry: trust.ListEntry) -> Payload:
    # An entry without idTagInfo removes the tag (section 6.45), so that "removed" is said by leaving the status out.
    if entry.status is None:
        return {"idTag": entry.id_tag}
    info = renamed(entry, {"status": "status", "expires_at": "expiryDate"})
    return {"idTag": entry.id_tag, "idTagInfo": info}


@writes(WRITERS, upkeep.UpdateFirmware, "UpdateFirmware", "SignedUpdateFirmware")
def _update_firmware(order: upkeep.UpdateFirmware, sent: CommandOrder) -> Request:
    payload = renamed(order, {"retries": "retries", "retry_s": "retryInterval"})
    if order.signature is None:
        payload |= {"location": order.url, "retrieveDate": order.retrieve_at}
        return Request("UpdateFirmware", payload)
    names = {
        "url": "location",
        "retrieve_at": "retrieveDateTime",
        "install_at": "installDateTime",
        "certificate": "signingCertificate",
        "signature": "signature",
    }
    firmware = renamed(order, names)
    return Request(
        "SignedUpdateFirmware",
        {"requestId": request_number(sent, order.request_number), "firmware": firmware, **payload},
    )


@writes(WRITERS, upkeep.GetLog, "GetDiagnostics", "GetLog")
def _get_log(order: upkeep.GetLog, sent: CommandOrder) -> Request:
    payload = renamed(order, {"retries": "retries", "retry_s": "retryInterval"})
    if order.log_kind == LogKind.DIAGNOSTICS:
        payload |= renamed(order, {"url": "location", "since": "startTime", "until": "stopTime"})
        return Request("GetDiagnostics", payload)
    names = {"url": "remoteLocation", "since": "oldestTimestamp", "until": "latestTimestamp"}
    payload |= {
        "logType": "SecurityLog",
        "requestId": request_number(sent, order.request_number),
        "log": renamed(order, names),
    }
    return Request("GetLog", payload)


@writes(WRITERS, trust.InstallCertificate, "InstallCertificate")
def _install_certificate(order: trust.InstallCertificate, sent: CommandOrder) -> Request:
    use = one_of("use", order.use, CERTIFICATE_USES)
    return Request("InstallCertificate", {"certificateType": use, "certificate": order.certificate})


@writes(WRITERS, trust.ReadCertificates, "GetInstalledCertificateIds")
def _read_certificates(order: trust.ReadCertificates, sent: CommandOrder) -> Request:
    use = one_of("use", order.use, CERTIFICATE_USES)
    return Request("GetInstalledCertificateIds", {"certificateType": use})


@writes(WRITERS, trust.SendCertificate, "CertificateSigned")
def _send_certificate(order: trust.SendCertificate, sent: CommandOrder) -> Request:
    return Request("CertificateSigned", {"certificateChain": order.chain})
