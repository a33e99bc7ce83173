import pytest

from fleet.domain.location import distance_m, is_here
from fleet.models import Place
from fleet.smartcar.gateway import Position
from tests.factories.grid import CommunityFactory

BERLIN, MUNICH = Position(52.5200, 13.4050), Position(48.1372, 11.5756)


@pytest.mark.parametrize(
    ("one", "other", "expected_m"),
    [
        (BERLIN, BERLIN, 0),
        (BERLIN, MUNICH, 504_000),
        # A degree of latitude, across the date line, and half way around.
        (Position(0, 0), Position(1, 0), 111_195),
        (Position(0, 179.5), Position(0, -179.5), 111_195),
        (Position(90, 0), Position(-90, 0), 20_015_087),
    ],
)
def test_distance_is_along_the_great_circle_either_way(one, other, expected_m):
    assert distance_m(one, other) == pytest.approx(expected_m, rel=0.001)
    assert distance_m(other, one) == pytest.approx(distance_m(one, other))


@pytest.mark.django_db
@pytest.mark.parametrize(("north_m", "expected"), [(0, True), (199, True), (201, False)])
def test_car_is_here_within_the_radius_of_its_communitys_garage(north_m, expected):
    community = CommunityFactory()
    Place.objects.create(community=community, latitude=BERLIN.latitude, longitude=BERLIN.longitude)
    Place.objects.create(community=CommunityFactory(), latitude=MUNICH.latitude, longitude=MUNICH.longitude)
    position = Position(BERLIN.latitude + north_m / 111_195, BERLIN.longitude)
    assert is_here(community.pk, position) is expected


@pytest.mark.django_db
def test_nobody_knows_where_a_garage_stands_that_nobody_has_placed():
    assert is_here(CommunityFactory().pk, BERLIN) is None
