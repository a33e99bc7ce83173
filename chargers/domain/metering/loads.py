"""The load of cars, as their chargers measured it a moment ago (see `chargers.domain.metering.draws`)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from chargers.domain.metering import draws
from chargers.enums import SessionState
from chargers.models import Session, StrayDraw
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.models import Cluster

# Half of the usual age: the load of a car that has stopped must not be subtracted from a meter's value.
SUBTRACTED_FOR = draws.FRESH / 2


def by_circuit(cluster: Cluster, now: datetime) -> Mapping[UUID, PhaseMilliamps]:
    """mA per grid phase by the connector's circuit, of what was measured within half a minute, with a transaction or without.

    A load that is not measured is left out: loads are subtracted from a meter's value, and one that may not flow must not be.
    """
    here = {"connector__charge_point__cluster": cluster}
    running = Session.objects.filter(**here, state=SessionState.ACTIVE).select_related("connector")
    strays = StrayDraw.objects.filter(**here, drawn_at__gt=now - SUBTRACTED_FOR).select_related("connector")
    sessions = {session.connector_id: session for session in running}
    volts = cluster.voltage_v
    found = [
        (
            session.connector,
            draws.draw_now(
                session, None, wiring=draws.wiring_of(session.connector, session, nominal_v=volts), now=now
            ),
        )
        for session in sessions.values()
    ]
    found += [
        (stray.connector, draws.draw_now(None, stray, now=now))
        for stray in strays
        if stray.connector_id not in sessions
    ]
    loads: dict[UUID, PhaseMilliamps] = {}
    for connector, draw in found:
        if draw is not None and draw.at > now - SUBTRACTED_FOR:
            pk = connector.circuit_id
            loads[pk] = loads.get(pk, ZERO_MA).plus(draw.current_ma)
    return loads
