"""Listeners to the outcomes of commands. The table is in `chargers.receivers`: delivery knows none of its listeners."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from chargers.enums import CommandKind
from chargers.models import ChargerCommand


class HearOne(Protocol):
    def __call__(self, command: ChargerCommand, /, *, now: datetime) -> None: ...


class HearAll(Protocol):
    def __call__(self, commands: Sequence[ChargerCommand], /, *, now: datetime) -> None: ...


class Listener(NamedTuple):
    """`hear` is called with each settled command of a kind, in the transaction that stores its outcome.

    `concerns` tells the commands of that kind apart that mean something to it.
    """

    kind: CommandKind
    hear: HearOne
    concerns: Callable[[ChargerCommand], bool] | None = None


class GroupListener(NamedTuple):
    """`hear` is called once with all that were settled together: hundreds of chargers answer a cut in one breath."""

    kind: CommandKind
    hear: HearAll
    concerns: Callable[[ChargerCommand], bool] | None = None


class SendingListener(NamedTuple):
    """`hear` is called once with all commands that were claimed together, before they are on the wire."""

    hear: Callable[[Sequence[ChargerCommand]], None]


_listeners: list[Listener] = []
_group_listeners: list[GroupListener] = []
_sending_listeners: list[SendingListener] = []


def register_listeners(*listeners: Listener | GroupListener | SendingListener) -> None:
    """Register the listeners; those of one command are called in this order, those of groups before the others."""
    for listener in listeners:
        match listener:
            case Listener():
                _listeners.append(listener)
            case GroupListener():
                _group_listeners.append(listener)
            case SendingListener():
                _sending_listeners.append(listener)


def tell_of_sending(commands: Sequence[ChargerCommand]) -> None:
    """Hand the claimed commands to the listeners, in the transaction that claims them."""
    for listener in _sending_listeners:
        listener.hear(commands)


def is_heard(command: ChargerCommand) -> bool:
    """Whether anything follows from its answer."""
    listeners: list[Listener | GroupListener] = [*_group_listeners, *_listeners]
    return any(_concerns(each, command) for each in listeners)


def tell_listeners(commands: Sequence[ChargerCommand], *, now: datetime) -> None:
    """Hand the settled commands to their listeners."""
    for group in _group_listeners:
        if concerned := [command for command in commands if _concerns(group, command)]:
            group.hear(concerned, now=now)
    for command in commands:
        _tell_each(command, now=now)


def _tell_each(command: ChargerCommand, *, now: datetime) -> None:
    concerned = [listener for listener in _listeners if _concerns(listener, command)]
    if not concerned:
        return
    # Read again for each command: the answer before may have taught something of the make.
    fresh = ChargerCommand.objects.select_related("charge_point__make").get(pk=command.pk)
    for listener in concerned:
        listener.hear(fresh, now=now)


def _concerns(listener: Listener | GroupListener, command: ChargerCommand) -> bool:
    return command.kind == listener.kind and (listener.concerns is None or listener.concerns(command))
