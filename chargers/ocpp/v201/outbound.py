"""OCPP 2.0.1 to the charging station: commands to calls, answers to verdicts."""

from chargers.enums import CommandState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload, Request, Verdict
from chargers.reports import CommandOrder


def translate(order: CommandOrder) -> Request:
    """The call for a command; BadCommand when its arguments make no sense in 2.0.1."""
    raise BadCommand(f"OCPP 2.0.1 has no {order.kind}.")


def judge(order: CommandOrder, payload: Payload) -> Verdict:
    """What an answer means. Everything but a plain yes is a no."""
    status = payload.get("status")
    if status in (None, "Accepted"):
        return Verdict(CommandState.ACCEPTED)
    return Verdict(CommandState.REJECTED, str(status))
