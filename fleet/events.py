"""What becomes known of cars."""

from dataclasses import dataclass
from uuid import UUID

from evbalancer.common.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReported(Event):
    """A car's present changed: its charge, its plug, or what it says of charging."""

    vehicle_id: UUID
    driver_id: UUID
    community_id: UUID
    is_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StayNamed(Event):
    """It became known (or is known no longer) which car a session is of."""

    session_id: UUID
    vehicle_id: UUID | None
