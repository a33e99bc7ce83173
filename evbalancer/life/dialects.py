"""How charge points of the field say things: each dialect bends the calls of a charge point before they leave it.

Every one was met: values that are missing, on one phase, in a context of their own, under numbers that come twice; messages that are longer
or have more in them than the specification allows.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Payload = dict[str, Any]
Bend = Callable[[str, Payload], None]
CALL = 2
REGISTER = "Energy.Active.Import.Register"
CURRENTS = ("Current.Import", "Current.Offered")
INT32_MOST = 2**31 - 1


def bender(names: Sequence[str]) -> Callable[[str], str]:
    """What a charge point with these dialects makes of a frame."""
    bends = [DIALECTS[name]() for name in names]

    def bend(text: str) -> str:
        frame = json.loads(text)
        if frame[0] != CALL:
            return text
        for each in bends:
            each(frame[2], frame[3])
        return json.dumps(frame)

    return bend


def _moments(payload: Payload) -> Iterator[list[Payload]]:
    """The sampled values of each moment, in whichever message."""
    for key in ("meterValue", "transactionData"):
        for moment in payload.get(key) or ():
            yield moment["sampledValue"]


def _no_current() -> Bend:
    """The meter has power, voltage and energy, and no current."""

    def bend(_: str, payload: Payload) -> None:
        for values in _moments(payload):
            values[:] = [value for value in values if value.get("measurand") not in CURRENTS]

    return bend


def _register_alone() -> Bend:
    """The meter has a register and nothing else."""

    def bend(_: str, payload: Payload) -> None:
        for values in _moments(payload):
            values[:] = [value for value in values if value.get("measurand", REGISTER) == REGISTER]

    return bend


def _register_on_l1() -> Bend:
    """The register of all phases comes as one of L1."""

    def bend(_: str, payload: Payload) -> None:
        for values in _moments(payload):
            for value in values:
                if value.get("measurand", REGISTER) == REGISTER:
                    value["phase"] = "L1"

    return bend


def _begin_follows() -> Bend:
    """Beside the register of now, each moment has that of the transaction's begin."""
    begun: dict[str, Payload] = {}

    def bend(action: str, payload: Payload) -> None:
        if action != "TransactionEvent":
            return
        uid = payload["transactionInfo"]["transactionId"]
        for values in _moments(payload):
            for value in [each for each in values if each.get("measurand", REGISTER) == REGISTER]:
                if payload["eventType"] == "Started":
                    begun[uid] = value
                else:
                    values.append(begun[uid] | {"context": "Transaction.Begin"})

    return bend


def _metered_at_ends() -> Bend:
    """The meter is read when a transaction begins and ends, and not on the way."""

    def bend(action: str, payload: Payload) -> None:
        if action == "TransactionEvent" and payload["eventType"] == "Updated":
            payload.pop("meterValue", None)

    return bend


def _transaction_zero() -> Bend:
    """Meter values say transaction 0, whichever runs."""

    def bend(action: str, payload: Payload) -> None:
        if action == "MeterValues" and "transactionId" in payload:
            payload["transactionId"] = 0

    return bend


def _late_evse() -> Bend:
    """The start of a transaction names no EVSE; the next event does."""
    held: dict[str, Any] = {}

    def bend(action: str, payload: Payload) -> None:
        if action != "TransactionEvent":
            return
        uid = payload["transactionInfo"]["transactionId"]
        if payload["eventType"] == "Started":
            held[uid] = payload.pop("evse", None) or held.get(uid)
        elif held.get(uid) is not None:
            payload["evse"] = held[uid]

    return bend


def _long_words() -> Bend:
    """Serials and cards are longer than the specification allows, and there are words in it that it does not know."""

    def bend(action: str, payload: Payload) -> None:
        if action == "BootNotification" and "chargePointSerialNumber" in payload:
            payload["chargePointSerialNumber"] = payload["chargePointSerialNumber"].ljust(26, "0")
        if action == "StopTransaction":
            payload["disconnectReason"] = "none"
            payload["reason"] = "ByUser"
            payload["idTag"] = (payload.get("idTag") or "").ljust(22, "0")
        if action == "MeterValues":
            for values in _moments(payload):
                values.append({"value": "50.0", "measurand": "Frequency", "unit": "Hz"})

    return bend


def _highest_stop() -> Bend:
    """The register at the end of a transaction is the highest number there is."""

    def bend(action: str, payload: Payload) -> None:
        if action == "StopTransaction":
            payload["meterStop"] = INT32_MOST

    return bend


DIALECTS: dict[str, Callable[[], Bend]] = {
    "no_current": _no_current,
    "register_alone": _register_alone,
    "register_on_l1": _register_on_l1,
    "begin_follows": _begin_follows,
    "metered_at_ends": _metered_at_ends,
    "transaction_zero": _transaction_zero,
    "late_evse": _late_evse,
    "long_words": _long_words,
    "highest_stop": _highest_stop,
}
