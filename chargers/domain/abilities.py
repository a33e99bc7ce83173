"""What can be asked over a charge point's connection. The protocol rooms tell; nobody here knows their versions."""

from collections.abc import Iterable

from chargers.enums import CommandKind
from chargers.errors import BadCommand
from chargers.models import ChargePoint

_KINDS: dict[str, frozenset[CommandKind]] = {}


def register(language: str, kinds: Iterable[CommandKind]) -> None:
    """Say what can be asked of charge points that speak `language`."""
    _KINDS[language] = frozenset(kinds)


def kinds_of(charge_point: ChargePoint) -> frozenset[CommandKind]:
    """What this charge point can be asked; of one that never connected, whatever any could be."""
    return _KINDS.get(charge_point.ocpp_version) or frozenset().union(*_KINDS.values())


def require(charge_point: ChargePoint, kind: CommandKind) -> None:
    """Raises BadCommand when this charge point can't be asked this at all."""
    if kind not in kinds_of(charge_point):
        spoken = charge_point.get_ocpp_version_display()
        raise BadCommand(f"{spoken}, which this charge point speaks, can't say: {kind.label}.")
