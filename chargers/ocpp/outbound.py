"""From typed orders to calls, and from answers to verdicts: what is the same in every version of OCPP.

A version registers one writer for each order that it has, with the names of the calls that this writer makes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from django.utils.translation import gettext

from chargers.enums import CommandKind, CommandState
from chargers.errors import BadCommand
from chargers.ocpp.protocol import Payload, Request, Verdict
from chargers.ocpp.schedules import with_granted
from chargers.orders.base import Order, Unreadable
from chargers.reports.commands import CommandOrder

GOOD = ("Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked", "Unpublished")
O = TypeVar("O", bound=Order)  # noqa: E741 (an order)


class Writer(NamedTuple):
    """`write` takes the order of its kind; `actions` are the calls that it can become."""

    write: Callable[[Any, CommandOrder], Request]
    actions: tuple[str, ...]


Writers = dict[CommandKind, Writer]


def writes(
    writers: Writers, order: type[O], *actions: str
) -> Callable[[Callable[[O, CommandOrder], Request]], Callable[[O, CommandOrder], Request]]:
    """Register the function that follows as the writer of this order."""

    def register(write: Callable[[O, CommandOrder], Request]) -> Callable[[O, CommandOrder], Request]:
        writers[order.kind] = Writer(write, actions)
        return write

    return register


@dataclass(frozen=True, slots=True)
class Outbound:
    """The messages of a version. `nothing_there`: the status that there was nothing to clear or to list."""

    name: str
    writers: Mapping[CommandKind, Writer]
    nothing_there: Mapping[CommandKind, str]

    def translate(self, sent: CommandOrder) -> Request:
        """The call for a command; BadCommand when its arguments make no sense in this version."""
        writer = self.writers.get(sent.kind)
        if writer is None:
            raise BadCommand(
                gettext("%(version)s has no %(kind)s.") % {"version": self.name, "kind": sent.kind}
            )
        if isinstance(sent.order, Unreadable):
            raise BadCommand(sent.order.reason)
        return writer.write(sent.order, sent)

    def judge(self, sent: CommandOrder, payload: Payload, *, result: Payload | None = None) -> Verdict:
        """What an answer means. Everything but a plain yes is a no: what isn't Accepted was not applied.

        Answers without a status carry values, or nothing at all; the schema was checked before.
        """
        if sent.kind == CommandKind.READ_LIMIT:
            result = with_granted(payload if result is None else result)
        status = payload.get("status")
        if status is None or status in GOOD or status == self.nothing_there.get(sent.kind):
            return Verdict(CommandState.ACCEPTED, result=result)
        info = payload.get("statusInfo")
        why = info.get("reasonCode", "") if isinstance(info, dict) else ""
        return Verdict(CommandState.REJECTED, f"{status}: {why}" if why else str(status))
