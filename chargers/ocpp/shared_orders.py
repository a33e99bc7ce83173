"""What every version of OCPP is asked by the same call, word for word, or as a person worded it; and how long the limits in its calls last."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.utils.translation import gettext, gettext_noop

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.ocpp import schemas
from chargers.ocpp.outbound import Writer, Writers, writes
from chargers.ocpp.protocol import Payload, Request
from chargers.ocpp.wording import renamed, request_number
from chargers.orders import charging, trust, upkeep
from chargers.reports.commands import CommandOrder
from evbalancer.common.security import encryption

PROFILES = gettext_noop(
    "Only the balancer sets charging profiles. `set_station_limit` limits the whole charge point."
)
PRIORITY = "UsePriorityCharging"
# What the server counts on would be wrong after them.
RESERVED: Mapping[str, str] = {
    "ClearChargingProfile": gettext_noop(
        "Use `clear_limits`: the server then no longer relies on what was cleared."
    ),
    "SendLocalList": gettext_noop("Use `send_local_list`: the server keeps that list in step."),
    "SetChargingProfile": PROFILES,
    "UpdateDynamicSchedule": PROFILES,
    PRIORITY: gettext_noop(
        "Priority charging exceeds the limits that the balancer counts on; `call` can end it."
    ),
}
STARTS = ("RemoteStartTransaction", "RequestStartTransaction")
PROFILE = "chargingProfile"
ALLOWED = "allowedEnergyTransfer"
BOTH_WAYS = "_BPT"
REQUEST_NUMBER = "requestId"
# In both directions.
DATA_TRANSFER = "DataTransfer"
REQUEST, RESPONSE = "Request", "Response"
# Nobody answers it, so that it can't be asked.
UNCONFIRMED = "NotifyPeriodicEventStream"
SHARED_WRITERS: Writers = {}
# A charge point whose clock is a little behind would hold a schedule that begins now for one of the future.
CLOCK_MARGIN = timedelta(minutes=5)


def starts_at(begins_at: float | None = None) -> datetime:
    """From when a profile is to hold, which is now where nothing else is said, on the slowest clock. Seconds since 1970."""
    begins = datetime.now(UTC) if begins_at is None else datetime.fromtimestamp(begins_at, UTC)
    return begins - CLOCK_MARGIN


def ends_at(order: charging.SetLimit) -> datetime | None:
    return None if order.ends_at is None else datetime.fromtimestamp(order.ends_at, UTC)


def next_key(order: trust.ChangeKey) -> str:
    """The key in the clear. Raises BadCommand where nobody has made one."""
    if not order.encrypted_key:
        raise BadCommand(gettext("The argument '%(name)s' is missing.") % {"name": "encrypted_key"})
    return encryption.decrypt(order.encrypted_key)


@writes(SHARED_WRITERS, trust.ClearCache, "ClearCache")
def _clear_cache(order: trust.ClearCache, sent: CommandOrder) -> Request:
    return Request("ClearCache", {})


@writes(SHARED_WRITERS, charging.CancelReservation, "CancelReservation")
def _cancel_reservation(order: charging.CancelReservation, sent: CommandOrder) -> Request:
    return Request("CancelReservation", {"reservationId": order.reservation_number})


@writes(SHARED_WRITERS, trust.ReadLocalListVersion, "GetLocalListVersion")
def _read_local_list_version(order: trust.ReadLocalListVersion, sent: CommandOrder) -> Request:
    return Request("GetLocalListVersion", {})


@writes(SHARED_WRITERS, trust.DeleteCertificate, "DeleteCertificate")
def _delete_certificate(order: trust.DeleteCertificate, sent: CommandOrder) -> Request:
    names = {
        "hash_algorithm": "hashAlgorithm",
        "issuer_name_hash": "issuerNameHash",
        "issuer_key_hash": "issuerKeyHash",
        "serial_number": "serialNumber",
    }
    return Request("DeleteCertificate", {"certificateHashData": renamed(order, names)})


@writes(SHARED_WRITERS, upkeep.DataTransfer, "DataTransfer")
def _data_transfer(order: upkeep.DataTransfer, sent: CommandOrder) -> Request:
    names = {"vendor": "vendorId", "message": "messageId", "data": "data"}
    return Request("DataTransfer", renamed(order, names))


def write_calls(writers: Writers, *, package: str, taken: Collection[str]) -> None:
    """Give a version the writer of `Call`. `taken`: the calls that its charge points make."""

    def write(order: upkeep.Call, sent: CommandOrder) -> Request:
        action, payload = order.action, dict(order.payload or {})
        if action not in asked_in(package, taken):
            raise BadCommand(
                gettext("This version has no call %(action)s to a charge point.") % {"action": action},
                argument="action",
            )
        schema = _schema(package, action)
        if REQUEST_NUMBER in _needed(package, schema):
            payload.setdefault(REQUEST_NUMBER, request_number(sent))
        _check(action, payload)
        wrong = schemas.complaint(package, schema, payload)
        if wrong is not None:
            raise BadCommand(wrong[1], argument="payload")
        return Request(action, payload)

    writers[CommandKind.CALL] = Writer(write, ("any other",))


def asked_in(package: str, taken: Collection[str]) -> frozenset[str]:
    """The calls that a version has for a charge point: all that no charge point makes."""
    found = _requests(package) - set(taken) - {UNCONFIRMED}
    return frozenset(found | {DATA_TRANSFER})


def _check(action: str, payload: Payload) -> None:
    # Whoever ends a priority returns to our limits.
    ends_priority = action == PRIORITY and payload.get("activate") is False
    if action in RESERVED and not ends_priority:
        raise BadCommand(gettext(RESERVED[action]), argument="action")
    if action in STARTS and PROFILE in payload:
        raise BadCommand(gettext("Use `remote_start` with `limit_ma`."), argument="payload")
    if any(BOTH_WAYS in str(mode) for mode in payload.get(ALLOWED, ())):
        raise BadCommand(gettext("Cars are not discharged here."), argument="payload")


@cache
def _requests(package: str) -> frozenset[str]:
    """The calls of a version: its schemas without the answers."""
    names = {name for name in schemas.names(package) if not name.endswith(RESPONSE)}
    return frozenset(name.removesuffix(REQUEST) for name in names)


def _schema(package: str, action: str) -> str:
    return f"{action}{REQUEST}" if f"{action}{REQUEST}" in schemas.names(package) else action


@cache
def _needed(package: str, schema: str) -> frozenset[str]:
    text = (schemas.SCHEMAS / package / "schemas" / f"{schema}.json").read_text("utf-8-sig")
    told: dict[str, Any] = json.loads(text)
    return frozenset(told.get("required", ()))
