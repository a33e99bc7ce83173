from dataclasses import replace
from datetime import UTC, datetime

from evbalancer.life.lines import Network
from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.scene import Scene
from evbalancer.life.sites import catalogue


def test_plan_that_keeps_a_part_leaves_the_rest_out(db):
    place = catalogue.build(FIRST_SITE, now=datetime.now(UTC))
    only = frozenset({"A2: charge point 1", "A2: car 2"})
    scene = Scene(replace(Plan(), only=only), place, Network(seed=1))
    assert [station.spec.id[:2] for station in scene.stations] == ["A2"]
    assert [scene.happens("A2", "car") for _ in range(3)] == [False, True, False]
    assert scene.happened == ["A2: charge point 1", "A2: car 2"]
