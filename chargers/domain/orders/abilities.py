"""What can be asked over a charge point's connection. The protocol rooms tell; nobody here knows their versions."""

from collections.abc import Iterable
from typing import Protocol

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.models import ChargePoint


class DefaultLevel(Protocol):
    """From the stack level that a way of writing a default has to that on the wire."""

    def __call__(self, stack_level: int, *, is_each: bool) -> int: ...


_KINDS: dict[str, frozenset[CommandKind]] = {}
_DEFAULT_LEVELS: dict[str, DefaultLevel] = {}


def register_language(language: str, kinds: Iterable[CommandKind], *, default_level: DefaultLevel) -> None:
    """Say what can be asked of charge points that speak `language`, and on which stack level our default is then."""
    _KINDS[language] = frozenset(kinds)
    _DEFAULT_LEVELS[language] = default_level


def default_level(charge_point: ChargePoint, stack_level: int, *, is_each: bool) -> int:
    """The stack level that our default has on the wire."""
    said = _DEFAULT_LEVELS.get(charge_point.ocpp_version)
    return stack_level if said is None else said(stack_level, is_each=is_each)


def kinds_of(charge_point: ChargePoint) -> frozenset[CommandKind]:
    """What this charge point can be asked; of one that never connected, whatever any could be."""
    return _KINDS.get(charge_point.ocpp_version) or frozenset().union(*_KINDS.values())


def require_ability(charge_point: ChargePoint, kind: CommandKind) -> None:
    """Raises BadCommand when this charge point can't be asked this at all."""
    if kind not in kinds_of(charge_point):
        spoken = charge_point.get_ocpp_version_display()
        raise BadCommand(f"{spoken}, which this charge point speaks, can't say: {kind.label}.")
