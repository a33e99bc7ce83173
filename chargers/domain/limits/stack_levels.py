"""On which stack levels our profiles of one charge point's connectors are.

Of a level and purpose there is one profile alone, and OCPP 1.6 (section 5.16.3) does not say that it is one for each connector:
some stations hold one for all. Where a make is known to take the levels, every connector has its own.
"""

from collections.abc import Iterable

from chargers.domain.makes.makes import known_make
from chargers.domain.orders import abilities
from chargers.models import ChargePoint, Connector, Make

TRANSACTION, HIGHEST = 1, 9


def level_of_transaction(connector: Connector) -> int:
    """That of the limits of its transactions."""
    make = known_make(connector.charge_point)
    return min(TRANSACTION, _most(make)) + _levels_up(make, connector, TRANSACTION)


def levels_up(connector: Connector, stack_level: int) -> int:
    """How many levels its own fallback is above that which its way of writing has for any connector."""
    charge_point = connector.charge_point
    return _levels_up(
        known_make(charge_point), connector, abilities.fallback_level(charge_point, stack_level, is_each=True)
    )


def levels_of_fallbacks(
    charge_point: ChargePoint, connectors: Iterable[Connector], stack_level: int
) -> set[int]:
    """All that a fallback of ours may be on: that of all connectors, and those of each."""
    for_all = abilities.fallback_level(charge_point, stack_level, is_each=False)
    each = abilities.fallback_level(charge_point, stack_level, is_each=True)
    return {for_all, each} | {each + levels_up(connector, stack_level) for connector in connectors}


def _levels_up(make: Make, connector: Connector, level: int) -> int:
    up = connector.number - 1
    is_known = make.max_stack_level is not None
    return up if is_known and level + up <= _most(make) else 0


def _most(make: Make) -> int:
    return HIGHEST if make.max_stack_level is None else make.max_stack_level
