"""What flows to cars, as their chargers measured it a moment ago."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from chargers.enums import SessionState
from chargers.models import Session
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.models import Cluster

FRESH = timedelta(seconds=30)


def by_circuit(cluster: Cluster, now: datetime) -> Mapping[UUID, PhaseMilliamps]:
    """mA per grid phase by the connector's circuit, of cars whose current was measured within half a minute."""
    rows = Session.objects.filter(
        connector__charge_point__cluster=cluster, state=SessionState.ACTIVE, metered_at__gt=now - FRESH
    ).select_related("connector")
    loads: dict[UUID, PhaseMilliamps] = {}
    for session in rows:
        circuit_id = session.connector.circuit_id
        loads[circuit_id] = loads.get(circuit_id, ZERO_MA).plus(session.current_ma)
    return loads
