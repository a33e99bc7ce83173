from dataclasses import replace
from datetime import UTC, datetime

import pytest
import time_machine

from evbalancer.life.lines import Network
from evbalancer.life.plan import FIRST_SITE, Plan
from evbalancer.life.scene import Scene
from evbalancer.life.sites import catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return Scene(Plan(), catalogue.build("drill", now=datetime.now(UTC)), Network(seed=1))


@pytest.mark.parametrize(
    ("now", "hour", "seconds"),
    [
        # The night in which the clocks go forward has an hour less, the one in which they go back an hour more.
        (datetime(2026, 3, 28, 21, 0, tzinfo=UTC), 8.0, 9 * 3600),
        (datetime(2026, 10, 24, 20, 0, tzinfo=UTC), 8.0, 11 * 3600),
        (datetime(2026, 6, 17, 5, 0, tzinfo=UTC), 7.5, 1800),
        (datetime(2026, 6, 17, 5, 0, tzinfo=UTC), 7.0, 24 * 3600),
    ],
)
def test_time_to_an_hour_is_what_elapses(scene, now, hour, seconds):
    with time_machine.travel(now, tick=False):
        assert scene.seconds_to(hour) == seconds


def test_plan_that_keeps_a_part_leaves_the_rest_out(db):
    place = catalogue.build(FIRST_SITE, now=datetime.now(UTC))
    only = frozenset({"A2: charge point 1", "A2: car 2"})
    scene = Scene(replace(Plan(), only=only), place, Network(seed=1))
    assert [station.spec.id[:2] for station in scene.stations] == ["A2"]
    assert [scene.happens("A2", "car") for _ in range(3)] == [False, True, False]
    assert scene.happened == ["A2: charge point 1", "A2: car 2"]
