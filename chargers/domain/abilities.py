"""What can be asked over a charge point's connection. The protocol rooms tell; nobody here knows their versions."""

from collections.abc import Iterable

from chargers.enums import CommandKind
from chargers.models import ChargePoint

_KINDS: dict[str, frozenset[CommandKind]] = {}


def register(language: str, kinds: Iterable[CommandKind]) -> None:
    """Say what can be asked of charge points that speak `language`."""
    _KINDS[language] = frozenset(kinds)


def kinds_of(charge_point: ChargePoint) -> frozenset[CommandKind]:
    """What this charge point can be asked; of one that never connected, whatever any could be."""
    return _KINDS.get(charge_point.ocpp_version) or frozenset().union(*_KINDS.values())
