"""What a server may do to a charge point from afar, the same for every OCPP version."""

from __future__ import annotations

from typing import Any

from chargers.simulator.plant.connector import Connector, Reservation
from chargers.simulator.profile_codec import profile_of
from chargers.simulator.profiles import ProfileError, Purpose, Running
from chargers.simulator.station import Station


def start(
    station: Station,
    id_tag: str,
    *,
    connector_id: int | None,
    profile_data: dict[str, Any] | None = None,
    remote_start_id: int | None = None,
) -> bool:
    """Begin, or wait for the cable; False when the request is refused."""
    connector = _startable(station, connector_id)
    if connector is None or not station.may_use(connector, id_tag):
        return False
    if profile_data is not None:
        try:
            profile = profile_of(profile_data)
            station.profiles.check(profile, connector.id, Running(station.clock.now(), None))
        except (ValueError, ProfileError):
            return False
        if profile.purpose is not Purpose.TX or profile.transaction_key is not None:
            return False
        connector.start_profile = profile
    station.spawn(_admit(station, connector, id_tag, remote_start_id))
    return True


def _startable(station: Station, connector_id: int | None) -> Connector | None:
    if connector_id is not None:
        connector = station.connectors.get(connector_id)
        return connector if connector is not None and connector.transaction is None else None
    free = [connector for connector in station.connectors.values() if connector.transaction is None]
    plugged = [connector for connector in free if connector.car is not None]
    return next(iter(plugged or free), None)


async def _admit(station: Station, connector: Connector, id_tag: str, remote_start_id: int | None) -> None:
    if not station.settings.authorize_remote or await station.authorize(id_tag):
        station.admit(connector, id_tag, remote_start_id=remote_start_id)


def change_availability(station: Station, connector_id: int, *, operative: bool) -> str:
    """Accepted, Scheduled (a transaction runs) or Rejected; connector 0 is all of them. Survives a reboot."""
    if connector_id == 0:
        connectors = list(station.connectors.values())
        station.available = operative
    elif connector_id in station.connectors:
        connectors = [station.connectors[connector_id]]
    else:
        return "Rejected"
    busy = [connector for connector in connectors if connector.transaction is not None]
    for connector in connectors:
        connector.inoperative_after_transaction = not operative and connector in busy
        if connector not in busy or operative:
            connector.operative = operative
    station.touch()
    if connector_id == 0 and (operative or not busy):
        station.announce_station()
    return "Scheduled" if busy and not operative else "Accepted"


def reserve(station: Station, connector_id: int, reservation: Reservation) -> str:
    """Accepted, Occupied, Unavailable, Faulted or Rejected."""
    connector = station.connectors.get(connector_id)
    if connector is None:
        return "Rejected"
    held = connector.reservation
    if held is not None and held.id != reservation.id:
        return "Occupied"
    status = connector.status()
    if status in ("Unavailable", "Faulted"):
        return status
    if status not in ("Available", "Reserved"):
        return "Occupied"
    for other in station.connectors.values():
        if other.reservation is not None and other.reservation.id == reservation.id:
            other.reservation = None
    connector.reservation = reservation
    station.touch()
    return "Accepted"


def cancel_reservation(station: Station, reservation_id: int) -> bool:
    for connector in station.connectors.values():
        if connector.reservation is not None and connector.reservation.id == reservation_id:
            connector.reservation = None
            station.touch()
            return True
    return False
