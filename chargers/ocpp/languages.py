"""Tells the domain what can be asked in each version of OCPP."""

from collections.abc import Callable
from uuid import UUID

from chargers.domain.orders import abilities
from chargers.enums import OcppVersion
from chargers.ocpp.protocol import Request
from chargers.ocpp.v16 import outbound as v16
from chargers.ocpp.v16 import profiles as profiles_v16
from chargers.ocpp.v21 import outbound as v21
from chargers.ocpp.v201 import outbound as v201
from chargers.ocpp.v201 import profiles as profiles_v201
from chargers.orders.base import Order
from chargers.orders.upkeep import Call, Reset
from chargers.reports.commands import CommandOrder

# Orders of which a version has only a part, whichever connector they are for.
DIFFER = (Call, Reset)
ANY_COMMAND = UUID(int=0)


def check_by(translate: Callable[[CommandOrder], Request]) -> Callable[[Order], None]:
    """A check that words the order as it will be sent, so that its person hears of a mistake at once."""

    def check(order: Order) -> None:
        if isinstance(order, DIFFER):
            translate(CommandOrder(ANY_COMMAND, order))

    return check


for language, outbound, profiles in (
    (OcppVersion.V16, v16, profiles_v16),
    (OcppVersion.V201, v201, profiles_v201),
    (OcppVersion.V21, v21, profiles_v201),
):
    abilities.register_language(
        language,
        outbound.WRITERS,
        fallback_level=profiles.fallback_level,
        check=check_by(outbound.translate),
    )
