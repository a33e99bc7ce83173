from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from fleet.domain import learning
from fleet.domain.curve import Moment
from fleet.enums import ReadingSource
from fleet.models import VehicleLesson, VehicleReading
from tests.factories.fleet import VehicleFactory

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
END = START + timedelta(hours=4)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def vehicle():
    return VehicleFactory(battery_wh=None, charge_limit_pct=None)


def tell(vehicle, at, charge_pct):
    VehicleReading.objects.create(
        community=vehicle.community,
        vehicle=vehicle,
        measured_at=at,
        received_at=at,
        source=ReadingSource.SMARTCAR,
        charge_pct=charge_pct,
    )


def around(vehicle, **full):
    return learning.charge_around(vehicle, start=START, end=END, **full)


def learn(vehicle, **changes):
    told = {
        "session_id": uuid4(),
        "energy_wh": 20_000,
        "from_pct": 20,
        "to_pct": 50,
        "moments": [],
        "now": END,
    }
    return learning.learn_lesson(vehicle, **(told | changes))


def test_nearest_words_at_both_ends_count(vehicle):
    for at, charge_pct in (
        (START - 60 * MINUTE, 18),
        (START - 5 * MINUTE, 20),
        (END - 30 * MINUTE, 45),
        (END + 5 * MINUTE, 50),
        (END + 40 * MINUTE, 48),
    ):
        tell(vehicle, at, charge_pct)
    tell(VehicleFactory(), START, 99)
    assert around(vehicle) == (20, 50)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        # Both windows take in both words of the middle: the later one would have been the first.
        ({10: 24, 20: 36}, (24, 36)),
        ({-1: 20, 14: 28, 16: 30, 31: 40}, (20, 40)),
        ({-1: 20, 15: 30}, (20, 30)),
        ({15: 30, 31: 40}, (30, 40)),
        ({15: 30}, None),
    ],
)
def test_words_of_a_session_of_half_an_hour_are_taken_in_order(vehicle, words, found):
    for minute, charge_pct in words.items():
        tell(vehicle, START + minute * MINUTE, charge_pct)
    assert learning.charge_around(vehicle, start=START, end=START + 30 * MINUTE) == found


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (START - 12 * 60 * MINUTE - MINUTE, END),
        (START + 21 * MINUTE, END),
        (START, END + 46 * MINUTE),
        (START, END - 21 * MINUTE),
    ],
)
def test_words_too_far_from_an_end_say_nothing_of_it(vehicle, first, last):
    tell(vehicle, first, 20)
    tell(vehicle, last, 50)
    assert around(vehicle) is None


@pytest.mark.parametrize(("limit_pct", "full_pct"), [(None, 100), (80, 80)])
def test_car_that_stopped_by_itself_is_as_full_as_it_charges_to(vehicle, limit_pct, full_pct):
    vehicle.charge_limit_pct = limit_pct
    tell(vehicle, START, 20)
    assert around(vehicle) is None
    assert around(vehicle, full_at=END) == (20, full_pct)


def test_capacity_is_the_median_of_the_lessons(vehicle):
    for energy_wh in (20_000, 40_000, 21_000):
        learn(vehicle, energy_wh=energy_wh)
    # 90 % of what the charger delivered, for 30 % of the battery.
    assert vehicle.learned_battery_wh == 63_000


def test_only_the_newest_lessons_are_remembered(vehicle):
    for day in range(learning.REMEMBERED):
        learn(vehicle, energy_wh=20_000, now=END + timedelta(days=day))
    for day in range(learning.REMEMBERED):
        learn(vehicle, energy_wh=22_000, now=END + timedelta(days=100 + day))
    assert vehicle.learned_battery_wh == 66_000


def test_session_is_learnt_from_once(vehicle):
    session_id = uuid4()
    assert learn(vehicle, session_id=session_id).battery_wh == 60_000
    assert learn(vehicle, session_id=session_id, energy_wh=40_000) is None
    assert (VehicleLesson.objects.count(), vehicle.learned_battery_wh) == (1, 60_000)


@pytest.mark.parametrize(
    "changes", [{"to_pct": 34}, {"to_pct": 10}, {"energy_wh": 0}, {"energy_wh": 900_000}]
)
def test_session_that_says_too_little_teaches_nothing(vehicle, changes):
    assert learn(vehicle, **changes) is None
    assert (VehicleLesson.objects.count(), vehicle.learned_battery_wh) == (0, None)


def test_taper_is_learnt_where_the_car_took_less_than_it_was_offered(vehicle):
    moments = [Moment(6_667, 11_000, 11_000), Moment(13_334, 7_000, 11_000), Moment(16_667, 4_000, None)]
    learn(vehicle, energy_wh=20_000, from_pct=60, to_pct=90, moments=moments)
    assert vehicle.taper == {"80": 7_000}
