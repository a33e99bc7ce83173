"""Commands that are claimed for a socket, and the answers to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from chargers.enums import CommandKind, CommandState
from chargers.orders.base import Order, Unreadable
from chargers.reports.base import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPull(Report):
    """The socket is free to send: is anything queued? `is_urgent`: a fallback or a cut, that is."""

    locks: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True
    hurries: ClassVar[bool] = True

    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class CommandOrder:
    """A claimed command: it is sent now, and only now."""

    command_id: UUID
    order: Order | Unreadable
    connector_number: int | None = None

    @property
    def kind(self) -> CommandKind:
        return self.order.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReply(Report):
    """What became of a command on the wire. UNKNOWN when no answer came."""

    locks: ClassVar[bool] = True
    is_batched: ClassVar[bool] = True
    hurries: ClassVar[bool] = True

    command_id: UUID
    state: CommandState
    result: Mapping[str, Any] | None = None
    error: str = ""
