"""What all orders have in common."""

from dataclasses import dataclass
from typing import ClassVar

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
