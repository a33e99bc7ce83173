"""Asking the provider about cars, as far as its patience goes."""

import logging
from datetime import datetime, timedelta

from fleet.domain import connections, vehicles
from fleet.enums import ReadingSource
from fleet.errors import ProviderUnavailable, ReconnectNeeded
from fleet.models import Vehicle
from fleet.smartcar.gateway import CarState, Gateway, GatewayError

logger = logging.getLogger(__name__)

BACK_OFF = timedelta(minutes=15)
AFTER_REFUSAL = timedelta(hours=24)
MOST_A_ROUND = 20


def refresh_states(gateway: Gateway, *, now: datetime) -> int:
    """One round over the cars that are due. Returns how many answered."""
    answered = 0
    for vehicle in list(vehicles.due_for_state(now=now)[:MOST_A_ROUND]):
        answered += ask(vehicle, gateway, now=now) is not None
    return answered


def ask(vehicle: Vehicle, gateway: Gateway, *, now: datetime) -> CarState | None:
    """The car's state, stored; None when there is none to be had now. Then it is left alone for a while."""
    if vehicle.connection_id is None:
        return None
    rows = Vehicle.objects.filter(pk=vehicle.pk)
    rows.update(polled_at=now)
    try:
        token = connections.access_token(vehicle.connection_id, gateway, now=now)
        state = gateway.state(token, vehicle.smartcar_id, now=now)
    except (ReconnectNeeded, ProviderUnavailable):
        rows.update(wait_until=now + BACK_OFF)
        return None
    except GatewayError as error:
        logger.info("No state of vehicle %s: %s", vehicle.pk, error.why)
        wait = error.retry_after or (AFTER_REFUSAL if error.permanent else BACK_OFF)
        rows.update(wait_until=now + wait)
        return None
    vehicles.record_state(vehicle, state, source=ReadingSource.SMARTCAR, now=now)
    return state
