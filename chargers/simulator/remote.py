"""What a server may do to a charge point from afar, the same for every OCPP version."""

from __future__ import annotations

from typing import Any

from chargers.simulator.clock import parse_time
from chargers.simulator.plant.connector import Connector, Reservation
from chargers.simulator.profile_codec import PURPOSES, profile_of, schedule_periods
from chargers.simulator.profiles import Profile, ProfileError, Purpose, Running, composite
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


def stop(station: Station, key: str) -> bool:
    """End the transaction that the server knows by this key; False when none of that name runs."""
    for connector in station.connectors.values():
        if connector.transaction is not None and station.profile_key(connector.transaction) == key:
            station.end_transaction(connector, reason="Remote")
            return True
    return False


def install_profile(station: Station, connector_id: int, data: dict[str, Any]) -> Profile:
    """Obey a charging profile from now on; connector 0 is the station. Raises ProfileError."""
    connector = station.connectors.get(connector_id)
    if connector is None and connector_id != 0:
        raise ProfileError("UnknownEvse")
    running = None
    if connector is not None and connector.transaction is not None:
        running = connector.running(station.profile_key(connector.transaction))
    now = station.clock.now()
    try:
        profile = profile_of(data)
        station.profiles.install(profile, connector_id=connector_id, now=now, running=running)
    except ValueError as error:
        raise ProfileError("InvalidValue") from error
    station.touch()
    return profile


def clear_profiles(station: Station, criteria: dict[str, Any]) -> bool:
    """Forget the profiles that meet all criteria, in the protocol's words; False when none does."""
    purpose = criteria.get("charging_profile_purpose")
    gone = station.profiles.clear(
        profile_id=criteria.get("profile_id"),
        connector_id=criteria.get("connector_id"),
        purpose=PURPOSES[purpose] if purpose else None,
        stack_level=criteria.get("stack_level"),
    )
    station.touch()
    return bool(gone)


def compose_schedule(
    station: Station, connector_id: int, *, duration_s: int, unit: str | None
) -> dict[str, Any] | None:
    """The ChargingSchedule of what the profiles allow from now on, without a start; None for an unknown connector."""
    connector = station.connectors.get(connector_id or 1)
    if connector is None:
        return None
    transaction = connector.transaction if connector_id else None
    periods = composite(
        station.profiles,
        connector_id,
        start=station.clock.now(),
        duration_s=duration_s,
        running=connector.running(station.profile_key(transaction)) if transaction else None,
        feed=connector.feed,
        nameplate_ma=connector.nameplate_ma * (1 if connector_id else len(station.connectors)),
    )
    watts_per_amp = connector.voltage_v * connector.phases
    return {
        "duration": duration_s,
        "charging_rate_unit": unit or "A",
        "charging_schedule_period": schedule_periods(periods, unit=unit or "A", watts_per_amp=watts_per_amp),
    }


def reserve(
    station: Station,
    connector_id: int,
    *,
    reservation_id: int,
    id_tag: str,
    expires: str,
    parent_id_tag: str | None = None,
) -> str:
    """Accepted, Occupied, Unavailable, Faulted or Rejected."""
    try:
        reservation = Reservation(reservation_id, id_tag, parse_time(expires), parent_id_tag)
    except ValueError:
        return "Rejected"
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
