import random
from itertools import islice

from evbalancer.common.units import PhaseMilliamps
from evbalancer.life.people import building

# In the product, a metered load may rise by a quarter of its maximum in five minutes.
FIVE_MINUTES, EXPECTED_RISE = round(300 / building.EVERY_S), 1 / 4


def test_load_rises_slower_than_the_product_expects_and_stays_within_its_maximum():
    levels = list(islice(building.levels(random.Random(1)), 5_000))
    rises = [later - earlier for earlier, later in zip(levels, levels[FIVE_MINUTES:], strict=False)]
    assert 0.1 < max(rises) <= EXPECTED_RISE
    assert min(rises) < -EXPECTED_RISE
    assert 0 <= min(levels) < 0.1
    assert 0.9 < max(levels) <= 1


def test_load_is_a_share_of_the_maximum_on_each_phase():
    assert building._share(PhaseMilliamps(10_000, 20_000, 30_000), 0.25) == (2_500, 5_000, 7_500)
