"""On which stack levels our profiles of one charge point's connectors are.

Of a level and purpose there is one profile alone, and OCPP 1.6 (section 5.16.3) does not say that it is one for each connector:
some stations hold one for all. Where a make is known to take the levels, every connector has its own.
"""

from collections.abc import Iterable

from chargers.domain.orders import abilities
from chargers.models import ChargePoint, ChargePointModel, Connector

TRANSACTION, HIGHEST = 1, 9


def level_of_transaction(connector: Connector) -> int:
    """That of the limits of its transactions."""
    kind = connector.charge_point.kind
    return min(TRANSACTION, _most(kind)) + _levels_up(kind, connector, TRANSACTION)


def levels_up(connector: Connector, stack_level: int) -> int:
    """How many levels its own default is above that which its way of writing has for any connector."""
    charge_point = connector.charge_point
    return _levels_up(
        charge_point.kind, connector, abilities.default_level(charge_point, stack_level, is_each=True)
    )


def levels_of_defaults(
    charge_point: ChargePoint, connectors: Iterable[Connector], stack_level: int
) -> set[int]:
    """All that a default of ours may be on: that of all connectors, and those of each."""
    for_all = abilities.default_level(charge_point, stack_level, is_each=False)
    each = abilities.default_level(charge_point, stack_level, is_each=True)
    return {for_all, each} | {each + levels_up(connector, stack_level) for connector in connectors}


def _levels_up(kind: ChargePointModel | None, connector: Connector, level: int) -> int:
    up = connector.number - 1
    is_known = kind is not None and kind.max_stack_level is not None
    return up if is_known and level + up <= _most(kind) else 0


def _most(kind: ChargePointModel | None) -> int:
    return HIGHEST if kind is None or kind.max_stack_level is None else kind.max_stack_level
