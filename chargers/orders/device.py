"""Orders about a charge point's device model, monitors and display."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from chargers.enums import CommandKind
from chargers.orders.base import Order
from chargers.orders.shape import Asked, Bounds, Stored
from chargers.orders.words import (
    NAMES_HELP,
    Criterion,
    DisplayState,
    Inventory,
    MessagePriority,
    Moment,
    MonitorGroup,
    MonitoringBase,
    MonitorKind,
    Name,
    Names,
    Severity,
    Token,
    Whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMessage(Order):
    kind: ClassVar[CommandKind] = CommandKind.SHOW_MESSAGE

    text: Annotated[str, Bounds({"minLength": 1, "maxLength": 512}), Asked("Text", rows=3)]
    priority: Annotated[MessagePriority, Asked("Place")] = MessagePriority.CYCLE
    state: Annotated[DisplayState | None, Asked("When")] = None
    begins_at: Annotated[Moment | None, Stored("from")] = None
    until: Annotated[Moment | None, Asked("Until")] = None
    language: Annotated[
        str | None, Bounds({"minLength": 2, "maxLength": 8}), Asked("Language", "As de or en-GB.")
    ] = None
    message_number: Annotated[Whole, Asked("Number", "The same number replaces a message.")]
    transaction_uid: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessages(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_MESSAGES

    message_number: Annotated[Whole | None, Asked("Number")] = None
    priority: Annotated[MessagePriority | None, Asked("Place")] = None
    state: Annotated[DisplayState | None, Asked("When")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearMessage(Order):
    kind: ClassVar[CommandKind] = CommandKind.CLEAR_MESSAGE

    message_number: Annotated[Whole, Asked("Number")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInventory(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_INVENTORY

    base: Annotated[Inventory, Asked("Which part")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadComponents(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_COMPONENTS

    names: Annotated[Names, Asked("Names", NAMES_HELP)] = ()
    criteria: Annotated[tuple[Criterion, ...], Asked("Components that are")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(Order):
    kind: ClassVar[CommandKind] = CommandKind.MONITOR

    name: Annotated[Name, Asked("Name", "Component.Variable, as EVSE/1.Power.")]
    monitor_kind: Annotated[MonitorKind, Stored("kind"), Asked("Tell when")]
    value: Annotated[float, Asked("Value")]
    severity: Annotated[Severity, Asked("Severity", initial=5)]
    only_charging: Annotated[bool | None, Asked("Only during a transaction")] = None
    monitor_number: Whole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMonitors(Order):
    kind: ClassVar[CommandKind] = CommandKind.READ_MONITORS

    names: Annotated[Names, Asked("Names", NAMES_HELP)] = ()
    kinds: Annotated[tuple[MonitorGroup, ...], Asked("Monitors of")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearMonitors(Order):
    kind: ClassVar[CommandKind] = CommandKind.CLEAR_MONITORS

    monitor_numbers: Annotated[
        tuple[Whole, ...], Bounds({"minItems": 1, "maxItems": 100}), Asked("Numbers of the monitors")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMonitoring(Order):
    kind: ClassVar[CommandKind] = CommandKind.SET_MONITORING

    base: Annotated[MonitoringBase, Asked("Monitors")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMonitoringLevel(Order):
    kind: ClassVar[CommandKind] = CommandKind.SET_MONITORING_LEVEL

    severity: Annotated[Severity, Asked("Up to severity", "0 is danger, 9 is debugging.", initial=5)]
