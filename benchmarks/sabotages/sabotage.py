import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from evbalancer.life.plan import Plan

Change = Callable[[Any], Any]


class SpentSabotageError(LookupError):
    """What it changes is no longer there, or nobody calls it: the sabotage shows nothing any more."""


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A fault of one line, put into the product on purpose.

    `where` names what is changed: "module:function", "module:Class.method" or "module:CONSTANT", more than one where modules have
    taken the same function by its name. `change` makes the fault of what is there. `row` is a row of the field's faults, if it
    undoes the repair of one. `plan` is a life in which it has a chance to show.
    """

    name: str
    where: tuple[str, ...]
    change: Change
    plan: Plan
    row: str = ""

    @contextmanager
    def committed(self, calls: Any = None) -> Iterator[None]:
        """Inside, the product has the fault. `calls` counts, in its `value`, how often what is changed was called."""
        with ExitStack() as stack:
            for place in self.where:
                owner, name, before = find(place)
                after = self.change(before)
                if callable(after) and calls is not None:
                    after = _counted(after, calls)
                elif calls is not None:
                    calls.value += 1
                if isinstance(owner.__dict__.get(name), staticmethod | classmethod):
                    after = staticmethod(after)
                stack.enter_context(mock.patch.object(owner, name, after))
            yield


def find(place: str) -> tuple[Any, str, Any]:
    """The object that has it, its name there, and what it is. Raises SpentSabotageError."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    try:
        owner = importlib.import_module(module)
        for each in owners:
            owner = getattr(owner, each)
        return owner, name, getattr(owner, name)
    except (ImportError, AttributeError) as error:
        raise SpentSabotageError(f"{place}: {error}") from error


def _counted(after: Callable[..., Any], calls: Any) -> Callable[..., Any]:
    def counted(*args: Any, **words: Any) -> Any:
        calls.value += 1
        return after(*args, **words)

    return counted
