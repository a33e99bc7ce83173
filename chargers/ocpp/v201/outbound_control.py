"""Commands that start, stop and limit charging, in OCPP 2.0.1's words. An EVSE is a connector of ours."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from chargers.errors import BadCommand
from chargers.ocpp.outbound import Writers, writes
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.shared_orders import ends_at, starts_at
from chargers.ocpp.v201 import profiles
from chargers.ocpp.wording import connector_of, one_of, otherwise, plain, renamed, request_number
from chargers.orders import charging, upkeep
from chargers.orders.words import RateUnit, ResetKind
from chargers.reports.commands import CommandOrder

RESETS: Mapping[str, str] = {ResetKind.SOFT: "OnIdle", ResetKind.HARD: "Immediate"}
TOKEN_TYPES = {"rfid": "ISO14443", "app": "Central", "contract": "eMAID", "autocharge": "MacAddress"}
PURPOSES = {"ChargePointMaxProfile": "ChargingStationMaxProfile"}
WRITERS: Writers = {}
# What 1.6 triggers by another name.
MESSAGES = {
    "DiagnosticsStatusNotification": "LogStatusNotification",
    "SignChargePointCertificate": "SignChargingStationCertificate",
}


def id_token(id_tag: str, kind: str = "rfid") -> Payload:
    return {"idToken": id_tag, "type": TOKEN_TYPES[kind]}


@writes(WRITERS, charging.SetLimit, "SetChargingProfile")
def _set_limit(order: charging.SetLimit, sent: CommandOrder) -> Request:
    if not order.transaction_uid:
        raise BadCommand(gettext("A TxProfile is never sent without its transaction's id."))
    evse_id = connector_of(sent)
    profile = profiles.tx_profile(
        evse_id=evse_id,
        transaction_uid=order.transaction_uid,
        limit_ma=order.limit_ma,
        phases=order.phases,
        start_at=starts_at(order.begins_at),
        end_at=ends_at(order),
        stack_level=otherwise(order.stack_level, profiles.TX_STACK_LEVEL),
        volts=order.volts,
    )
    return Request("SetChargingProfile", {"evseId": evse_id, "chargingProfile": profile})


@writes(WRITERS, charging.SetFallback, "SetChargingProfile")
def _set_fallback(order: charging.SetFallback, sent: CommandOrder) -> Request:
    evse_id = sent.connector_number or 0
    profile = profiles.fallback_profile(
        evse_id=evse_id,
        limit_ma=order.limit_ma,
        start_at=starts_at(),
        wait_s=order.wait_s,
        stack_level=order.stack_level or 0,
        levels_up=order.levels_up,
        volts=order.volts if order.unit == "W" else None,
    )
    return Request("SetChargingProfile", {"evseId": evse_id, "chargingProfile": profile})


@writes(WRITERS, charging.SetStationLimit, "SetChargingProfile")
def _set_station_limit(order: charging.SetStationLimit, sent: CommandOrder) -> Request:
    profile = profiles.station_profile(
        limit_ma=order.limit_ma,
        start_at=starts_at(),
        stack_level=order.stack_level,
        watts=order.watts,
    )
    return Request("SetChargingProfile", {"evseId": 0, "chargingProfile": profile})


@writes(WRITERS, charging.ClearLimits, "ClearChargingProfile")
def _clear_limits(order: charging.ClearLimits, sent: CommandOrder) -> Request:
    if order.profile_number is not None:
        return Request("ClearChargingProfile", {"chargingProfileId": order.profile_number})
    criteria = _criteria(order)
    if sent.connector_number is not None:
        criteria["evseId"] = sent.connector_number
    # K10.FR.02: at least one of the two is there; without criteria every profile meets them.
    return Request("ClearChargingProfile", {"chargingProfileCriteria": criteria})


def _criteria(order: charging.ClearLimits | charging.ReadProfiles) -> Payload:
    criteria = renamed(order, {"stack_level": "stackLevel", "purpose": "chargingProfilePurpose"})
    if "chargingProfilePurpose" in criteria:
        purpose = criteria["chargingProfilePurpose"]
        criteria["chargingProfilePurpose"] = PURPOSES.get(purpose, purpose)
    return criteria


@writes(WRITERS, charging.ReadProfiles, "GetChargingProfiles")
def _read_profiles(order: charging.ReadProfiles, sent: CommandOrder) -> Request:
    criteria = _criteria(order)
    if order.profile_number is not None:
        criteria["chargingProfileId"] = [order.profile_number]
    if order.sources:
        criteria["chargingLimitSource"] = [plain(source) for source in order.sources]
    payload: Payload = {"requestId": request_number(sent), "chargingProfile": criteria}
    if order.is_whole:
        payload["evseId"] = 0
    elif sent.connector_number is not None:
        payload["evseId"] = sent.connector_number
    return Request("GetChargingProfiles", payload)


@writes(WRITERS, charging.ReadLimit, "GetCompositeSchedule")
def _read_limit(order: charging.ReadLimit, sent: CommandOrder) -> Request:
    return Request(
        "GetCompositeSchedule",
        {
            "evseId": sent.connector_number or 0,
            "duration": order.duration_s,
            "chargingRateUnit": plain(order.unit or RateUnit.AMPERES),
        },
    )


def schedule_read(payload: Payload) -> dict[str, Any] | None:
    """A composite schedule as the house words it, which is as 1.6 does; None for every other answer."""
    schedule = payload.get("schedule")
    if not isinstance(schedule, dict):
        return None
    return {
        "status": payload["status"],
        "connectorId": schedule["evseId"],
        "scheduleStart": schedule["scheduleStart"],
        "chargingSchedule": {
            name: schedule[name] for name in ("duration", "chargingRateUnit", "chargingSchedulePeriod")
        },
    }


@writes(WRITERS, charging.RemoteStart, "RequestStartTransaction")
def _remote_start(order: charging.RemoteStart, sent: CommandOrder) -> Request:
    payload: Payload = {
        "idToken": id_token(order.id_tag, order.id_tag_kind),
        "remoteStartId": request_number(sent, order.remote_start_number),
    }
    if sent.connector_number is not None:
        payload["evseId"] = sent.connector_number
    if order.limit_ma is not None:
        payload["chargingProfile"] = profiles.first_profile(
            evse_id=sent.connector_number or 0,
            limit_ma=order.limit_ma,
            duration_s=order.duration_s,
            stack_level=otherwise(order.stack_level, profiles.TX_STACK_LEVEL),
        )
    return Request("RequestStartTransaction", payload)


@writes(WRITERS, charging.RemoteStop, "RequestStopTransaction")
def _remote_stop(order: charging.RemoteStop, sent: CommandOrder) -> Request:
    return Request("RequestStopTransaction", {"transactionId": _transaction_uid(order.transaction_uid)})


def _transaction_uid(uid: str | None) -> str:
    if uid is None:
        raise BadCommand(gettext("The argument '%(name)s' is missing.") % {"name": "transaction_uid"})
    if not uid:
        raise BadCommand(gettext("The transaction has no id of the station's."))
    return uid


@writes(WRITERS, charging.ReadTransaction, "GetTransactionStatus")
def _read_transaction(order: charging.ReadTransaction, sent: CommandOrder) -> Request:
    known = order.transaction_uid
    return Request("GetTransactionStatus", {"transactionId": known} if known else {})


@writes(WRITERS, charging.TellCost, "CostUpdated")
def _tell_cost(order: charging.TellCost, sent: CommandOrder) -> Request:
    cost = order.cost_minor / 100
    return Request(
        "CostUpdated", {"totalCost": cost, "transactionId": _transaction_uid(order.transaction_uid)}
    )


@writes(WRITERS, charging.Unlock, "UnlockConnector")
def _unlock(order: charging.Unlock, sent: CommandOrder) -> Request:
    return Request(
        "UnlockConnector",
        {"evseId": connector_of(sent), "connectorId": order.plug_number},
    )


@writes(WRITERS, upkeep.Reset, "Reset")
def reset(order: upkeep.Reset, sent: CommandOrder) -> Request:
    payload: Payload = {"type": one_of("kind", order.reset_kind, RESETS)}
    if sent.connector_number is not None:
        payload["evseId"] = sent.connector_number
    return Request("Reset", payload)


@writes(WRITERS, charging.ChangeAvailability, "ChangeAvailability")
def _change_availability(order: charging.ChangeAvailability, sent: CommandOrder) -> Request:
    status = "Operative" if order.operative else "Inoperative"
    payload: Payload = {"operationalStatus": status}
    if sent.connector_number is not None:
        payload["evse"] = {"id": sent.connector_number}
    return Request("ChangeAvailability", payload)


@writes(WRITERS, upkeep.Trigger, "TriggerMessage")
def trigger(order: upkeep.Trigger, sent: CommandOrder) -> Request:
    payload: Payload = {"requestedMessage": MESSAGES.get(order.message, order.message)}
    if sent.connector_number is not None:
        payload["evse"] = {"id": sent.connector_number}
        if order.message == "StatusNotification":
            # F06.FR.12: a status is that of a connector, not of an EVSE.
            payload["evse"]["connectorId"] = order.plug_number
    return Request("TriggerMessage", payload)
