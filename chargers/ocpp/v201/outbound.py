"""OCPP 2.0.1 to the charging station: commands to calls, answers to verdicts."""

from collections.abc import Callable

from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload, Request, Verdict
from chargers.ocpp.v201 import outbound_control, outbound_model, outbound_upkeep
from chargers.reports import CommandOrder

WRITERS: dict[CommandKind, Callable[[CommandOrder], Request]] = {
    **outbound_control.WRITERS,
    **outbound_model.WRITERS,
    **outbound_upkeep.WRITERS,
}
GOOD = ("Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked", "Unpublished")
# What a station says when there was nothing to clear or to list.
NOTHING_THERE = {
    CommandKind.CLEAR_LIMITS: "Unknown",
    CommandKind.CLEAR_MESSAGE: "Unknown",
    CommandKind.READ_CERTIFICATES: "NotFound",
    CommandKind.READ_COMPONENTS: "EmptyResultSet",
    CommandKind.READ_CONFIGURATION: "EmptyResultSet",
    CommandKind.READ_INVENTORY: "EmptyResultSet",
    CommandKind.READ_MESSAGES: "Unknown",
    CommandKind.READ_MONITORS: "EmptyResultSet",
    CommandKind.READ_PROFILES: "NoProfiles",
    CommandKind.UNPUBLISH_FIRMWARE: "NoFirmware",
}


def translate(order: CommandOrder) -> Request:
    """The call for a command; BadCommand when its arguments make no sense in 2.0.1."""
    writer = WRITERS.get(order.kind)
    if writer is None:
        raise BadCommand(f"OCPP 2.0.1 has no {order.kind}.")
    try:
        return writer(order)
    except KeyError as missing:
        raise BadCommand(f"The argument {missing} is missing.") from None


def judge(order: CommandOrder, payload: Payload) -> Verdict:
    """What an answer means. Everything but a plain yes is a no: what isn't Accepted was not applied.

    Answers without a status carry values, or nothing at all; the schema was checked before.
    """
    several = outbound_model.judge(payload)
    if several is not None:
        return several
    status = payload.get("status")
    if status is None or status in GOOD or status == NOTHING_THERE.get(order.kind):
        return Verdict(CommandState.ACCEPTED, result=outbound_control.schedule_read(payload))
    why = payload.get("statusInfo", {}).get("reasonCode", "")
    return Verdict(CommandState.REJECTED, f"{status}: {why}" if why else str(status))
