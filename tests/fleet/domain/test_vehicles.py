from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evbalancer.common.errors import InvalidInput
from fleet.domain import vehicles
from fleet.enums import ChargeState, PlugState, ReadingSource
from fleet.models import Place, VehicleReading
from fleet.smartcar.gateway import CarState, Position
from tests.factories.fleet import VehicleFactory

NOW = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def vehicle():
    return VehicleFactory(battery_wh=60_000, charge_pct=35, charge_at=NOW)


def report(vehicle, minutes=0, **said):
    at = NOW + timedelta(minutes=minutes)
    return vehicles.record_state(
        vehicle, CarState(measured_at=at, **said), source=ReadingSource.SMARTCAR, now=at
    )


def test_eighty_per_cent_become_energy(vehicle):
    assert vehicles.energy_to_reach(vehicle, 80, now=NOW) == 30_000


def test_learned_capacity_serves_where_nobody_told_one(vehicle):
    vehicle.battery_wh, vehicle.learned_battery_wh = None, 40_000
    assert vehicles.energy_to_reach(vehicle, 80, now=NOW) == 20_000


@pytest.mark.promise("C11")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"battery_wh": None}, "charge_unknown"),
        ({"charge_pct": None}, "charge_unknown"),
        ({"charge_at": NOW - timedelta(hours=25)}, "charge_stale"),
        ({"charge_pct": 80}, "charge_reached"),
    ],
)
def test_what_is_not_known_is_asked_for(vehicle, changes, code):
    for name, value in changes.items():
        setattr(vehicle, name, value)
    with pytest.raises(InvalidInput) as refused:
        vehicles.energy_to_reach(vehicle, 80, now=NOW)
    assert refused.value.code == code


def test_charge_and_plug_are_kept_by_their_own_times(vehicle):
    report(vehicle, 10, plug_state=PlugState.PLUGGED, charge_state=ChargeState.CHARGING)
    report(vehicle, 5, charge_pct=40)
    assert not report(vehicle, 6, plug_state=PlugState.UNPLUGGED)
    assert not report(vehicle, 4, charge_pct=90)
    assert (vehicle.charge_pct, vehicle.plug_state) == (40, PlugState.PLUGGED)
    assert vehicle.plugged_since == NOW + timedelta(minutes=10)
    assert VehicleReading.objects.count() == 4


def test_what_a_standing_car_says_again_of_the_same_moment_is_no_news(vehicle):
    said = CarState(NOW, charge_pct=60, plug_state=PlugState.PLUGGED, charge_state=ChargeState.CHARGING)
    full = replace(said, charge_state=ChargeState.FULL)
    later = NOW + timedelta(minutes=30)
    told = [
        vehicles.record_state(vehicle, state, source=ReadingSource.SMARTCAR, now=later)
        for state in (said, said, full, full, replace(full, measured_at=later))
    ]
    assert told == [True, False, True, False, True]
    assert VehicleReading.objects.filter(vehicle=vehicle).count() == 3


def test_plugged_since_is_when_it_was_first_said(vehicle):
    for minutes in (0, 30, 60):
        report(vehicle, minutes, plug_state=PlugState.PLUGGED)
    assert vehicle.plugged_since == NOW
    report(vehicle, 90, plug_state=PlugState.UNPLUGGED)
    assert vehicle.plugged_since is None


@pytest.mark.parametrize(
    ("said", "minutes", "full"),
    [
        ({"charge_state": ChargeState.FULL, "plug_state": PlugState.PLUGGED}, 0, True),
        ({"charge_state": ChargeState.FULL, "plug_state": PlugState.PLUGGED}, 61, False),
        ({"charge_state": ChargeState.FULL, "plug_state": PlugState.UNPLUGGED}, 0, False),
        ({"charge_state": ChargeState.CHARGING, "charge_pct": 100}, 0, False),
    ],
)
def test_full_is_what_the_car_says_lately(vehicle, said, minutes, full):
    report(vehicle, **said)
    assert vehicles.is_full(vehicle, now=NOW + timedelta(minutes=minutes)) is full


def test_finish_is_forecast_at_the_cars_own_pace(vehicle):
    for minutes, pct in ((0, 40), (60, 50), (120, 60)):
        report(
            vehicle,
            minutes,
            charge_pct=pct,
            charge_limit_pct=80,
            plug_state=PlugState.PLUGGED,
            charge_state=ChargeState.CHARGING,
        )
    now = NOW + timedelta(minutes=130)
    # Ten per cent an hour; two hours more from the last reading on.
    assert abs(vehicles.forecast_full(vehicle, now=now) - (NOW + timedelta(hours=4))) < timedelta(seconds=5)
    vehicle.taper = {"70": 1_000}
    assert vehicles.forecast_full(vehicle, now=now) > NOW + timedelta(hours=6)
    assert vehicles.forecast_full(vehicle, now=now + timedelta(hours=3)) is None


def test_nothing_is_forecast_of_a_car_that_does_not_charge(vehicle):
    report(vehicle, charge_pct=40, plug_state=PlugState.PLUGGED, charge_state=ChargeState.NOT_CHARGING)
    assert vehicles.forecast_full(vehicle, now=NOW) is None


class TestLocation:
    GARAGE, FAR = Position(52.5200, 13.4050), Position(52.5300, 13.4050)

    @pytest.fixture(autouse=True)
    def place(self, vehicle):
        Place.objects.create(community=vehicle.community, latitude=52.5201, longitude=13.4051)

    @pytest.mark.parametrize(("position", "here"), [(GARAGE, True), (FAR, False)])
    def test_car_whose_driver_allows_it_is_here_or_not(self, vehicle, position, here):
        vehicles.edit_vehicle(vehicle, now=NOW, shares_location=True)
        report(vehicle, charge_pct=40, position=position)
        assert (vehicle.is_here, vehicle.here_at) == (here, NOW)

    def test_where_it_was_seen_earlier_is_no_word_of_now(self, vehicle):
        vehicles.edit_vehicle(vehicle, now=NOW, shares_location=True)
        early, late = NOW - timedelta(hours=1), NOW - timedelta(minutes=5)
        report(vehicle, charge_pct=40, position=self.FAR, times={"position": late})
        report(vehicle, 1, charge_pct=41, position=self.GARAGE, times={"position": early})
        assert (vehicle.is_here, vehicle.here_at) == (False, late)

    def test_car_whose_driver_does_not_allow_it_is_nowhere(self, vehicle):
        report(vehicle, charge_pct=40, position=self.GARAGE)
        assert vehicle.is_here is None

    def test_driver_who_takes_it_back_is_forgotten(self, vehicle):
        vehicles.edit_vehicle(vehicle, now=NOW, shares_location=True)
        report(vehicle, charge_pct=40, position=self.GARAGE)
        vehicles.edit_vehicle(vehicle, now=NOW, shares_location=False)
        assert (vehicle.is_here, vehicle.here_at) == (None, None)

    def test_where_a_car_is_is_stored_nowhere(self):
        names = {
            field.name
            for model in (VehicleReading, type(VehicleFactory.build()))
            for field in model._meta.fields
        }
        assert not names & {"latitude", "longitude", "position", "location"}
