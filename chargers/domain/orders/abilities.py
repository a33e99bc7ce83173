"""The commands that a charge point's connection can carry. The protocol rooms say so; nobody here knows their versions."""

from collections.abc import Callable, Iterable
from typing import Protocol

from django.utils.translation import gettext

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.models import ChargePoint
from chargers.orders.base import Order


class FallbackLevel(Protocol):
    """From the stack level that a way of writing a fallback has to that on the wire."""

    def __call__(self, stack_level: int, *, is_each: bool) -> int: ...


_KINDS: dict[str, frozenset[CommandKind]] = {}
_FALLBACK_LEVELS: dict[str, FallbackLevel] = {}
_CHECKS: dict[str, Callable[[Order], None]] = {}


def register_language(
    language: str,
    kinds: Iterable[CommandKind],
    *,
    fallback_level: FallbackLevel,
    check: Callable[[Order], None],
) -> None:
    """Say what can be asked of charge points that speak `language`, and on which stack level our fallback is then.

    `check` raises BadCommand for an order that this language has no words for.
    """
    _KINDS[language] = frozenset(kinds)
    _CHECKS[language] = check
    _FALLBACK_LEVELS[language] = fallback_level


def fallback_level(charge_point: ChargePoint, stack_level: int, *, is_each: bool) -> int:
    """The stack level that our fallback has on the wire."""
    said = _FALLBACK_LEVELS.get(charge_point.ocpp_version)
    return stack_level if said is None else said(stack_level, is_each=is_each)


def kinds_of(charge_point: ChargePoint) -> frozenset[CommandKind]:
    """The commands for this charge point; for one that never connected, those of any version."""
    return _KINDS.get(charge_point.ocpp_version) or frozenset().union(*_KINDS.values())


def require_ability(charge_point: ChargePoint, kind: CommandKind) -> None:
    """Raises BadCommand when this charge point can't be asked this at all."""
    if kind not in kinds_of(charge_point):
        spoken = charge_point.get_ocpp_version_display()
        raise BadCommand(
            gettext("%(spoken)s, which this charge point speaks, can't say: %(label)s.")
            % {"spoken": spoken, "label": kind.label}
        )


def check_wording(charge_point: ChargePoint, order: Order) -> None:
    """Raises BadCommand when its version has no words for this order. One that never connected is asked when it is sent."""
    check = _CHECKS.get(charge_point.ocpp_version)
    if check is not None:
        check(order)
