"""OCPP 1.6J to the charge point: commands to calls, answers to verdicts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload, Request, Verdict
from chargers.ocpp.v16 import profiles
from chargers.reports import CommandOrder

COMPOSITE_DURATION_S = 3_600
# A charger whose clock is a little behind would hold a schedule that begins now for one of the future.
CLOCK_MARGIN = timedelta(minutes=5)
GOOD = ("Accepted", "RebootRequired", "Scheduled", "Unlocked")


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
    """What an answer means. Everything but a plain yes is a no: what isn't Accepted was not applied."""
    if order.kind == CommandKind.READ_CONFIGURATION:
        return Verdict(CommandState.ACCEPTED)
    status = payload.get("status", "")
    if status in GOOD or (order.kind == CommandKind.CLEAR_LIMITS and status == "Unknown"):
        # ClearChargingProfile answers Unknown when there was nothing to clear.
        return Verdict(CommandState.ACCEPTED)
    return Verdict(CommandState.REJECTED, str(status))


def _set_limit(order: CommandOrder) -> Request:
    transaction_id = order.arguments["transaction_id"]
    if not isinstance(transaction_id, int):
        raise BadCommand("A TxProfile is never sent without its transaction's id.")
    profile = profiles.tx_profile(
        transaction_id=transaction_id,
        limit_ma=order.arguments["limit_ma"],
        phases=order.arguments.get("phases"),
        start_at=datetime.now(UTC) - CLOCK_MARGIN,
    )
    return Request("SetChargingProfile", {"connectorId": _connector(order), "csChargingProfiles": profile})


def _set_default_limit(order: CommandOrder) -> Request:
    profile = profiles.default_profile(
        limit_ma=order.arguments["limit_ma"], start_at=datetime.now(UTC) - CLOCK_MARGIN
    )
    number = order.connector_number or 0
    return Request("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


def _clear_limits(order: CommandOrder) -> Request:
    payload: Payload = {}
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
    return Request("RemoteStartTransaction", payload)


def _remote_stop(order: CommandOrder) -> Request:
    return Request("RemoteStopTransaction", {"transactionId": order.arguments["transaction_id"]})


def _unlock(order: CommandOrder) -> Request:
    return Request("UnlockConnector", {"connectorId": _connector(order)})


def _reset(order: CommandOrder) -> Request:
    return Request("Reset", {"type": _one_of(order.arguments, "kind", {"soft": "Soft", "hard": "Hard"})})


def _change_availability(order: CommandOrder) -> Request:
    kind = "Operative" if order.arguments["operative"] else "Inoperative"
    return Request("ChangeAvailability", {"connectorId": order.connector_number or 0, "type": kind})


def _trigger(order: CommandOrder) -> Request:
    payload: Payload = {"requestedMessage": order.arguments["message"]}
    if order.connector_number is not None:
        payload["connectorId"] = order.connector_number
    return Request("TriggerMessage", payload)


def _read_configuration(order: CommandOrder) -> Request:
    keys = order.arguments.get("keys") or []
    return Request("GetConfiguration", {"key": list(keys)} if keys else {})


def _change_configuration(order: CommandOrder) -> Request:
    return Request(
        "ChangeConfiguration", {"key": order.arguments["key"], "value": str(order.arguments["value"])}
    )


def _clear_cache(order: CommandOrder) -> Request:
    return Request("ClearCache", {})


def _connector(order: CommandOrder) -> int:
    if order.connector_number is None:
        raise BadCommand("This command is for one connector.")
    return order.connector_number


def _one_of(arguments: Mapping[str, Any], name: str, words: Mapping[str, str]) -> str:
    word = words.get(arguments[name])
    if word is None:
        raise BadCommand(f"{name} is one of {', '.join(words)}.")
    return word


WRITERS: dict[CommandKind, Callable[[CommandOrder], Request]] = {
    CommandKind.CHANGE_AVAILABILITY: _change_availability,
    CommandKind.CHANGE_CONFIGURATION: _change_configuration,
    CommandKind.CLEAR_CACHE: _clear_cache,
    CommandKind.CLEAR_LIMITS: _clear_limits,
    CommandKind.READ_CONFIGURATION: _read_configuration,
    CommandKind.READ_LIMIT: _read_limit,
    CommandKind.REMOTE_START: _remote_start,
    CommandKind.REMOTE_STOP: _remote_stop,
    CommandKind.RESET: _reset,
    CommandKind.SET_DEFAULT_LIMIT: _set_default_limit,
    CommandKind.SET_LIMIT: _set_limit,
    CommandKind.TRIGGER: _trigger,
    CommandKind.UNLOCK: _unlock,
}
