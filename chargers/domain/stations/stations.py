"""How a charge point comes to be: with its connectors, on the circuits of one cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext

from chargers.domain.limits import commissioning
from chargers.models import ChargePoint, Connector
from evbalancer.common.errors import InvalidInput, invalid_row
from evbalancer.common.words.inputs import Range
from grid.models import Circuit

COUNT = Range(1, 20, "A charge point has 1 to 20 connectors.")
NAMEPLATE = Range(6_000, 500_000, "From 6 to 500 A.")


@dataclass(frozen=True, slots=True)
class NewConnector:
    circuit: Circuit
    phase_rotation: str = ""
    max_current_ma: int = 32_000


@transaction.atomic
def add_charge_point(charge_point: ChargePoint, connectors: Sequence[NewConnector]) -> ChargePoint:
    """Store a new charge point and its connectors, numbered from 1. Raises InvalidInput."""
    COUNT.check("connectors", len(connectors))
    for wanted in connectors:
        NAMEPLATE.check("max_current_ma", wanted.max_current_ma)
    first = connectors[0].circuit
    if any(wanted.circuit.cluster_id != first.cluster_id for wanted in connectors):
        raise InvalidInput("connectors", gettext("All connectors hang on circuits of one cluster."))
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
        raise invalid_row(error) from error
    row.save()
