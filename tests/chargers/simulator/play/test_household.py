from itertools import islice

from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.household import Habits, comings_and_goings

SPECS = [ChargePointSpec(id=f"CP{number:02}") for number in range(34)]


def first(count, **options):
    return list(islice(comings_and_goings(SPECS, **{"seed": 1, **options}), count))


def test_same_seed_gives_the_same_comings_and_goings_and_another_seed_others():
    assert first(200) == first(200)
    assert first(200) != first(200, seed=2)


def test_visits_come_in_order_and_no_outlet_has_two_cars():
    free_from = {}
    visits = first(500)
    assert [v.arrive_s for v in visits] == sorted(v.arrive_s for v in visits)
    for visit in visits:
        assert visit.arrive_s >= free_from.get(visit.charge_point, 0)
        free_from[visit.charge_point] = visit.depart_s


def test_resident_keeps_the_car_and_the_tag():
    cars = {(v.charge_point, v.id_tag, v.car.name, v.car.phases) for v in first(500)}
    assert len(cars) == len(SPECS)


def test_most_of_the_block_is_home_within_the_first_minute():
    at_home = sum(visit.arrive_s <= 45 for visit in first(34, habits=Habits(home_at_start=0.6)))
    assert 14 <= at_home <= 27


def test_tags_are_those_of_the_residents():
    visits = first(50, id_tags={spec.id: f"TAG-{spec.id}" for spec in SPECS})
    assert {v.id_tag for v in visits} == {f"TAG-{v.charge_point}" for v in visits}
