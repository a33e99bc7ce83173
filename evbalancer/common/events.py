"""Domain events: typed news that travels up the apps, inside the transaction that made it true.

`publish` calls every receiver at once and synchronously: what a receiver writes commits or rolls back with
the change itself, so a kill can't part a session's end from its bill line. Screens and wake-ups are told after
commit, by `evbalancer.common.topics`; nothing may depend on those arriving.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. Names are in the past tense: `SessionEnded`, `LimitImposed`."""


E = TypeVar("E", bound=Event)
_receivers: dict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)


def receives(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a receiver; used in an app's `receivers` module, imported by its AppConfig.ready()."""

    def register(receiver: Callable[[E], None]) -> Callable[[E], None]:
        if receiver not in _receivers[event_type]:
            _receivers[event_type].append(receiver)
        return receiver

    return register


def publish(event: Event) -> None:
    """Hand `event` to its receivers, in the order of their registration, in the caller's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            f"{type(event).__name__} was published outside a transaction"
        )
    for receiver in _receivers[type(event)]:
        receiver(event)
