"""What all orders have in common."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from chargers.enums import CommandKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something a charge point is asked to do, in words of no OCPP version. Its fields are the arguments that are stored as JSON."""

    kind: ClassVar[CommandKind]
    # What the documentation says beside the arguments.
    note: ClassVar[str] = ""
    # The balancer makes it and nobody else, so nothing in it is checked.
    is_ours_alone: ClassVar[bool] = False
    needs_connector: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored command that makes no order, with a sentence that says why. It is answered and never sent."""

    kind: CommandKind
    reason: str


def number_of(command_id: UUID, given: int | None = None) -> int:
    """The number that goes with a command. The charge point repeats it in what it sends afterwards; a part of the id will not come twice."""
    return command_id.int % 2**31 if given is None else given
