"""Domain events: typed news that travels up the apps, inside the transaction that made it true.

`publish` calls every receiver at once and synchronously: a receiver's writes commit or roll back with
the change itself, so a kill can't part a session's end from its bill line. Screens and wake-ups hear of it after
commit, by `evbalancer.common.topics`; nothing may depend on those arriving.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. Names are in the past tense: `SessionEnded`, `LimitImposed`."""


E = TypeVar("E", bound=Event)
_receivers: dict[type[Event], list[Callable[[Sequence[Any]], None]]] = defaultdict(list)
_gathering: ContextVar["Gathering | None"] = ContextVar("gathering", default=None)


def receives(event_type: type[E]) -> Callable[[Callable[[E], None]], Callable[[E], None]]:
    """Register a receiver; used in an app's `receivers` module, imported by its AppConfig.ready()."""

    def register(receiver: Callable[[E], None]) -> Callable[[E], None]:
        def receive_each(events: Sequence[E]) -> None:
            for event in events:
                receiver(event)

        _receivers[event_type].append(receive_each)
        return receiver

    return register


def receives_together(
    event_type: type[E],
) -> Callable[[Callable[[Sequence[E]], None]], Callable[[Sequence[E]], None]]:
    """Register a receiver of all that happened at once: one event, or those of many acts that were gathered."""

    def register(receiver: Callable[[Sequence[E]], None]) -> Callable[[Sequence[E]], None]:
        _receivers[event_type].append(receiver)
        return receiver

    return register


def publish(event: Event) -> None:
    """Hand `event` to its receivers, in the order of their registration, in the caller's transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            f"{type(event).__name__} was published outside a transaction"
        )
    gathering = _gathering.get()
    if gathering is not None:
        gathering.add(event)
        return
    _hand_out([event])


class Gathering:
    """The events of many independent acts in one transaction, act by act."""

    def __init__(self) -> None:
        self._acts: list[deque[Event]] = []

    def begin_act(self) -> None:
        """Events from here on follow from another act, of which nothing before depends."""
        self._acts.append(deque())

    def add(self, event: Event) -> None:
        self._acts[-1].append(event)

    def groups(self) -> Iterator[list[Event]]:
        """Events of one kind together, as far as the order within each act allows."""
        acts = [act for act in self._acts if act]
        while acts:
            kind = _next_kind(acts)
            group: list[Event] = []
            for act in acts:
                while act and type(act[0]) is kind:
                    group.append(act.popleft())
            yield group
            acts = [act for act in acts if act]


@contextmanager
def gathered() -> Iterator[Gathering]:
    """Hand out what is published inside at the end, events of one kind together: many acts at the price of one.

    Events that receivers publish in turn are handed out at once, as ever.
    """
    gathering = Gathering()
    token = _gathering.set(gathering)
    try:
        yield gathering
    finally:
        _gathering.reset(token)
    for events in gathering.groups():
        _hand_out(events)


def _next_kind(acts: Sequence[deque[Event]]) -> type[Event]:
    """A kind that comes next somewhere and is behind another one nowhere; if there is none, the first that comes next."""
    behind = {type(event) for act in acts for event in _after_first_kind(act)}
    fronts = [type(act[0]) for act in acts]
    return next((kind for kind in fronts if kind not in behind), fronts[0])


def _after_first_kind(act: deque[Event]) -> Iterator[Event]:
    kinds = groupby(act, key=type)
    next(kinds)
    for _, events in kinds:
        yield from events


def _hand_out(events: Sequence[Event]) -> None:
    for receive in _receivers[type(events[0])]:
        receive(events)
