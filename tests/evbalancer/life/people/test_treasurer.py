import random

import pytest

from evbalancer.life.people import treasurer
from evbalancer.life.people.asking import Person
from grid.models import AuditEntry
from pricing.models import Tariff


@pytest.fixture
def at_desk(garage):
    return Person(garage, treasurer.NAME, garage.place.manager)


@pytest.mark.parametrize("act", treasurer.ACTS)
def test_reform_is_taken_and_leaves_its_entry(act, at_desk, told):
    for number in range(4):
        act(at_desk, random.Random(number))
    said = told(treasurer.NAME)
    assert len(said) == 4
    assert not any("shown again" in line or "answers" in line for line in said)
    assert AuditEntry.objects.filter(action__endswith=".changed").exists()


def test_price_is_what_the_story_says(at_desk, told):
    treasurer._price(at_desk, random.Random(1))
    price = float(told(treasurer.NAME)[0].rpartition(" ")[2])
    changed = Tariff.objects.get(community=at_desk.scene.place.cluster.community_id)
    assert changed.base_price_per_mwh_minor == round(price * 100_000)
