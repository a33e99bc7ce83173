"""How a charge point comes to be: with its connectors, on the circuits of one cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from chargers.domain.limits import commissioning
from chargers.models import ChargePoint, Connector
from evbalancer.common.errors import InvalidInput
from grid.models import Circuit

MOST_CONNECTORS = 20


@dataclass(frozen=True, slots=True)
class NewConnector:
    circuit: Circuit
    phase_rotation: str = ""
    max_current_ma: int = 32_000


@transaction.atomic
def add_charge_point(charge_point: ChargePoint, connectors: Sequence[NewConnector]) -> ChargePoint:
    """Store a new charge point and its connectors, numbered from 1. Raises InvalidInput."""
    if not 1 <= len(connectors) <= MOST_CONNECTORS:
        raise InvalidInput("connectors", f"A charge point has 1 to {MOST_CONNECTORS} connectors.")
    first = connectors[0].circuit
    if any(wanted.circuit.cluster_id != first.cluster_id for wanted in connectors):
        raise InvalidInput("connectors", "All connectors hang on circuits of one cluster.")
    charge_point.community_id, charge_point.cluster_id = first.community_id, first.cluster_id
    _save(charge_point)
    for number, wanted in enumerate(connectors, start=1):
        connector = Connector(
            community_id=first.community_id,
            charge_point=charge_point,
            circuit=wanted.circuit,
            number=number,
            phase_rotation=wanted.phase_rotation,
            max_current_ma=wanted.max_current_ma,
        )
        _save(connector)
    return charge_point


def _save(row: ChargePoint | Connector) -> None:
    try:
        row.full_clean()
        if isinstance(row, Connector):
            commissioning.check_connector(row)
    except ValidationError as error:
        field, messages = next(iter(error.update_error_dict({}).items()))
        said = ValidationError(messages).messages
        raise InvalidInput("" if field == "__all__" else field, " ".join(said)) from error
    row.save()
