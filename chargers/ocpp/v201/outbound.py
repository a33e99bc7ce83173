"""OCPP 2.0.1 to the charging station: commands to calls, answers to verdicts."""

from chargers.enums import CommandKind
from chargers.ocpp.outbound import Outbound, Writers
from chargers.ocpp.protocol import Payload, Verdict
from chargers.ocpp.shared_orders import SHARED_WRITERS, write_calls
from chargers.ocpp.v201 import outbound_control, outbound_model, outbound_upkeep
from chargers.ocpp.v201.inbound import HANDLERS
from chargers.reports.commands import CommandOrder

WRITERS: Writers = {
    **SHARED_WRITERS,
    **outbound_control.WRITERS,
    **outbound_model.WRITERS,
    **outbound_upkeep.WRITERS,
}
write_calls(WRITERS, package="v201", taken=HANDLERS)
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
OUTBOUND = Outbound("OCPP 2.0.1", WRITERS, NOTHING_THERE)
translate = OUTBOUND.translate


def judge(sent: CommandOrder, payload: Payload) -> Verdict:
    """What an answer means, with the values in those that carry some."""
    several = outbound_model.judge(payload)
    if several is not None:
        return several
    return OUTBOUND.judge(sent, payload, result=outbound_control.schedule_read(payload))
