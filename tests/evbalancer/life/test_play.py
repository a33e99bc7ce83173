import pytest
from django.core.management import call_command

from evbalancer.life.play import live
from evbalancer.life.world import Plan

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.drill]


@pytest.mark.parametrize(("seed", "faults"), [(1, "none"), (2, "mild"), (3, "hard")])
def test_life_holds(seed, faults):
    report = live(Plan(seed=seed, hours=1, faults=faults))
    assert list(report.tell()) == []
    assert report.transactions >= 1


def test_same_seed_gives_the_same_database():
    plan = Plan(seed=4, hours=0.3, faults="hard")
    first, second = [_from_nothing(plan) for _ in range(2)]
    assert (first.digest, first.rows) == (second.digest, second.rows)
    assert first.rows["chargers.OcppMessage"] > 100


def _from_nothing(plan):
    """Numbers of transactions begin at 1 again."""
    call_command("flush", verbosity=0, interactive=False)
    return live(plan)
