import time

import pytest

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges.tokens import Tokens
from evbalancer.life.people.visit import FOREIGN


@pytest.fixture
def see(world, bench, first, monkeypatch):
    """What the judge says of a car that draws with a card."""
    monkeypatch.setattr(type(first), "online", True)
    world.calm_since_s = time.monotonic() - 600

    def see_draw(card, ma, *, age_s=600):
        connector = first.connectors[1]
        connector.car, connector._terminal_ma = Car(), (ma, 0, 0)
        connector.transaction = Transaction(1, card, time.time() - age_s, 0)
        judge, said = bench(Tokens)
        judge.see_minute()
        judge.see_minute()
        return [each.judge for each in said]

    return see_draw


def test_card_of_nobody_that_draws_is_said_once(see):
    assert see(FOREIGN, 16_000) == ["tokens"]


def test_own_card_draws_as_it_likes_and_a_foreign_one_up_to_the_fallback(see, world):
    assert see(world.place.members[0].card, 16_000) == []
    assert see(FOREIGN, 6_000) == []
    assert see(FOREIGN, 16_000, age_s=60) == []
