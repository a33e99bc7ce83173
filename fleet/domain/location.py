"""Is the car here? Asked only of cars whose drivers allow it; the answer is kept, where the car is is not."""

from math import asin, cos, radians, sin, sqrt
from uuid import UUID

from fleet.models import Place
from fleet.smartcar.gateway import Position

EARTH_M = 6_371_000


def is_here(community_id: UUID, position: Position) -> bool | None:
    """Whether the position is at the community's garage; None while nobody has said where that stands."""
    place = Place.objects.filter(community_id=community_id).first()
    if place is None:
        return None
    return distance_m(Position(place.latitude, place.longitude), position) <= place.radius_m


def distance_m(one: Position, other: Position) -> float:
    """Along the great circle, by the haversine formula."""
    north, south = radians(one.latitude), radians(other.latitude)
    turn = sin((south - north) / 2) ** 2
    turn += cos(north) * cos(south) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(turn))
