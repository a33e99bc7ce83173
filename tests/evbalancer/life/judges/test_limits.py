import time
from datetime import UTC, datetime, timedelta

import pytest

from chargers.simulator.plant.battery import Car
from evbalancer.life.judges.limits import MINDED_WITHIN_S, Limits
from evbalancer.ops.drill import place
from grid.models import TemporaryLimit


@pytest.fixture
def carry(world, bench):
    """The first charge point draws that much on L1; what the judge has said by then."""
    judge, said = bench(Limits)

    def carry_ma(current_ma, *, at=None):
        moment = at or time.time()
        world.site.history.record(moment, [("Panel A", (current_ma, 0, 0))])
        judge.see_change(moment)
        return [each.sentence for each in said]

    return carry_ma


def test_current_at_the_limit_is_allowed_and_above_it_is_said_once(carry):
    assert carry(place.PANEL_MA) == []
    carry(place.PANEL_MA + 1)
    assert carry(place.PANEL_MA + 2) == [
        "Panel A carries (40001, 0, 0) mA and may carry (40000, 40000, 40000) mA"
    ]


def test_cut_counts_from_its_effect_to_its_end_with_what_it_does_not_cover(world, carry):
    now = datetime.now(UTC)
    limits_ma = {f"limit_l{phase}_ma": 25_000 for phase in (1, 2, 3)}
    TemporaryLimit.objects.create(
        community=world.place.cluster.community,
        circuit_id=world.place.circuits["Panel A"],
        **limits_ma,
        announced_at=now,
        effective_at=now + timedelta(seconds=60),
        uncovered_ma=1_000,
        until=now + timedelta(hours=1),
    )
    carry(30_000, at=now.timestamp() + 59)
    carry(26_000, at=now.timestamp() + 61)
    assert carry(30_000, at=now.timestamp() + 3_601) == []
    assert len(carry(26_001, at=now.timestamp() + 120)) == 1


def test_car_that_no_limit_reaches_is_forgiven_for_a_while_and_its_neighbours_are_not(world, bench, first):
    now = time.time()
    judge, said = bench(Limits)
    connector = first.connectors[1]
    connector.car, connector.offered_ma, connector._terminal_ma = Car(obeys=False), 6_000, (32_000, 0, 0)
    for seconds, others_ma in ((0, 16_000), (MINDED_WITHIN_S - 1, 16_000), (MINDED_WITHIN_S + 1, 8_000)):
        world.site.history.record(now + seconds, [("Panel A", (32_000 + others_ma, 0, 0))])
        judge.see_change(now + seconds)
    assert said == []
    world.site.history.record(now + 300, [("Panel A", (32_000 + 8_001, 0, 0))])
    judge.see_change(now + 300)
    assert [each.sentence for each in said] == [
        "Panel A carries (40001, 0, 0) mA and may carry (40000, 40000, 40000) mA"
    ]
