"""Commands that start, stop and limit charging, in OCPP 2.0.1's words. An EVSE is a connector of ours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.v201 import profiles
from chargers.ocpp.wording import connector_of, one_of, renamed, request_number
from chargers.reports import CommandOrder

COMPOSITE_DURATION_S = 3_600
# A station whose clock is a little behind would hold a schedule that begins now for one of the future.
CLOCK_MARGIN = timedelta(minutes=5)
FIRST_CONNECTOR = 1
TOKEN_TYPES = {"rfid": "ISO14443", "app": "Central", "contract": "eMAID", "autocharge": "MacAddress"}
PURPOSES = {"ChargePointMaxProfile": "ChargingStationMaxProfile"}
# What 1.6 triggers by another name.
MESSAGES = {
    "DiagnosticsStatusNotification": "LogStatusNotification",
    "SignChargePointCertificate": "SignChargingStationCertificate",
}


def id_token(id_tag: str, kind: str = "rfid") -> Payload:
    return {"idToken": id_tag, "type": TOKEN_TYPES[kind]}


def _set_limit(order: CommandOrder) -> Request:
    arguments = order.arguments
    transaction_uid = arguments.get("transaction_uid")
    if not transaction_uid:
        raise BadCommand("A TxProfile is never sent without its transaction's id.")
    begins_at, ends_at = arguments.get("begins_at"), arguments.get("ends_at")
    begins = datetime.now(UTC) if begins_at is None else datetime.fromtimestamp(begins_at, UTC)
    evse_id = connector_of(order)
    profile = profiles.tx_profile(
        evse_id=evse_id,
        transaction_uid=str(transaction_uid),
        limit_ma=arguments["limit_ma"],
        phases=arguments.get("phases"),
        start_at=begins - CLOCK_MARGIN,
        end_at=None if ends_at is None else datetime.fromtimestamp(ends_at, UTC),
        stack_level=arguments.get("stack_level", profiles.TX_STACK_LEVEL),
        volts=arguments.get("volts"),
    )
    return Request("SetChargingProfile", {"evseId": evse_id, "chargingProfile": profile})


def _set_default_limit(order: CommandOrder) -> Request:
    arguments = order.arguments
    evse_id = order.connector_number or 0
    profile = profiles.default_profile(
        evse_id=evse_id,
        limit_ma=arguments["limit_ma"],
        start_at=datetime.now(UTC) - CLOCK_MARGIN,
        wait_s=arguments.get("wait_s", 0),
        stack_level=arguments.get("stack_level", 0),
        levels_up=arguments.get("levels_up", 0),
        volts=arguments.get("volts") if arguments.get("unit") == "W" else None,
    )
    return Request("SetChargingProfile", {"evseId": evse_id, "chargingProfile": profile})


def _set_station_limit(order: CommandOrder) -> Request:
    profile = profiles.station_profile(
        limit_ma=order.arguments["limit_ma"],
        start_at=datetime.now(UTC) - CLOCK_MARGIN,
        stack_level=order.arguments.get("stack_level", 0),
        watts=order.arguments.get("watts"),
    )
    return Request("SetChargingProfile", {"evseId": 0, "chargingProfile": profile})


def _clear_limits(order: CommandOrder) -> Request:
    if "profile_number" in order.arguments:
        return Request("ClearChargingProfile", {"chargingProfileId": order.arguments["profile_number"]})
    criteria = _criteria(order)
    if order.connector_number is not None:
        criteria["evseId"] = order.connector_number
    # K10.FR.02: at least one of the two is there; without criteria every profile meets them.
    return Request("ClearChargingProfile", {"chargingProfileCriteria": criteria})


def _criteria(order: CommandOrder) -> Payload:
    criteria = renamed(order.arguments, {"stack_level": "stackLevel", "purpose": "chargingProfilePurpose"})
    if "chargingProfilePurpose" in criteria:
        purpose = criteria["chargingProfilePurpose"]
        criteria["chargingProfilePurpose"] = PURPOSES.get(purpose, purpose)
    return criteria


def _read_profiles(order: CommandOrder) -> Request:
    criteria = _criteria(order)
    if "profile_number" in order.arguments:
        criteria["chargingProfileId"] = [order.arguments["profile_number"]]
    payload: Payload = {"requestId": request_number(order), "chargingProfile": criteria}
    if order.connector_number is not None:
        payload["evseId"] = order.connector_number
    return Request("GetChargingProfiles", payload)


def _read_limit(order: CommandOrder) -> Request:
    duration_s = order.arguments.get("duration_s", COMPOSITE_DURATION_S)
    return Request(
        "GetCompositeSchedule",
        {"evseId": order.connector_number or 0, "duration": duration_s, "chargingRateUnit": "A"},
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


def _remote_start(order: CommandOrder) -> Request:
    arguments = order.arguments
    payload: Payload = {
        "idToken": id_token(arguments["id_tag"], arguments.get("id_tag_kind", "rfid")),
        "remoteStartId": arguments.get("remote_start_number", request_number(order)),
    }
    if order.connector_number is not None:
        payload["evseId"] = order.connector_number
    if "limit_ma" in arguments:
        payload["chargingProfile"] = profiles.first_profile(
            evse_id=order.connector_number or 0,
            limit_ma=arguments["limit_ma"],
            duration_s=arguments.get("duration_s"),
            stack_level=arguments.get("stack_level", profiles.TX_STACK_LEVEL),
        )
    return Request("RequestStartTransaction", payload)


def _remote_stop(order: CommandOrder) -> Request:
    return Request("RequestStopTransaction", {"transactionId": _transaction_uid(order)})


def _transaction_uid(order: CommandOrder) -> str:
    uid = order.arguments["transaction_uid"]
    if not uid:
        raise BadCommand("The transaction has no id of the station's.")
    return str(uid)


def _read_transaction(order: CommandOrder) -> Request:
    known = order.arguments.get("transaction_uid")
    return Request("GetTransactionStatus", {"transactionId": str(known)} if known else {})


def _tell_cost(order: CommandOrder) -> Request:
    cost = order.arguments["cost_minor"] / 100
    return Request("CostUpdated", {"totalCost": cost, "transactionId": _transaction_uid(order)})


def _unlock(order: CommandOrder) -> Request:
    return Request(
        "UnlockConnector",
        {"evseId": connector_of(order), "connectorId": order.arguments.get("plug_number", FIRST_CONNECTOR)},
    )


def _reset(order: CommandOrder) -> Request:
    payload: Payload = {"type": one_of(order.arguments, "kind", {"soft": "OnIdle", "hard": "Immediate"})}
    if order.connector_number is not None:
        payload["evseId"] = order.connector_number
    return Request("Reset", payload)


def _change_availability(order: CommandOrder) -> Request:
    status = "Operative" if order.arguments["operative"] else "Inoperative"
    payload: Payload = {"operationalStatus": status}
    if order.connector_number is not None:
        payload["evse"] = {"id": order.connector_number}
    return Request("ChangeAvailability", payload)


def _trigger(order: CommandOrder) -> Request:
    wanted = order.arguments["message"]
    payload: Payload = {"requestedMessage": MESSAGES.get(wanted, wanted)}
    if order.connector_number is not None:
        payload["evse"] = {"id": order.connector_number}
        if wanted == "StatusNotification":
            # F06.FR.12: a status is that of a connector, not of an EVSE.
            payload["evse"]["connectorId"] = order.arguments.get("plug_number", FIRST_CONNECTOR)
    return Request("TriggerMessage", payload)


WRITERS: dict[CommandKind, Callable[[CommandOrder], Request]] = {
    CommandKind.CHANGE_AVAILABILITY: _change_availability,
    CommandKind.CLEAR_LIMITS: _clear_limits,
    CommandKind.READ_LIMIT: _read_limit,
    CommandKind.READ_PROFILES: _read_profiles,
    CommandKind.READ_TRANSACTION: _read_transaction,
    CommandKind.REMOTE_START: _remote_start,
    CommandKind.REMOTE_STOP: _remote_stop,
    CommandKind.RESET: _reset,
    CommandKind.SET_DEFAULT_LIMIT: _set_default_limit,
    CommandKind.SET_LIMIT: _set_limit,
    CommandKind.SET_STATION_LIMIT: _set_station_limit,
    CommandKind.TELL_COST: _tell_cost,
    CommandKind.TRIGGER: _trigger,
    CommandKind.UNLOCK: _unlock,
}
