import pytest

from evbalancer.life.play import live
from evbalancer.life.world import Plan
from tests.clean_database import delete_all_rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.drill]


@pytest.mark.parametrize(("seed", "faults"), [(1, "none"), (2, "mild"), (3, "hard")])
def test_life_holds(seed, faults):
    report = live(Plan(seed=seed, hours=1, faults=faults))
    assert list(report.tell()) == []
    assert report.transactions >= 1


def test_same_seed_gives_the_same_database():
    plan = Plan(seed=4, hours=0.5, faults="hard")
    first = live(plan)
    delete_all_rows()
    second = live(plan)
    assert (first.digest, first.rows) == (second.digest, second.rows)
    assert first.rows["chargers.OcppMessage"] > 100
