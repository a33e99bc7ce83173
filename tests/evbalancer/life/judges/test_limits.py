import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from chargers.simulator.plant.battery import Car
from evbalancer.life.judges.limits import HOLDS_WITHIN, MINDED_WITHIN_S, Cuts, Limits
from evbalancer.ops.drill import place
from grid.models import TemporaryLimit

CUT_MA = 20_000


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


@pytest.mark.parametrize(("seconds", "count"), [(MINDED_WITHIN_S - 1, 0), (MINDED_WITHIN_S + 1, 1)])
def test_clock_that_was_just_set_is_forgiven_until_it_was_told(world, bench, first, seconds, count):
    """By an hour's step a limit is over, or still to come, before the charge point says its time to anybody."""
    now = time.time()
    world.clocks_wrong_until_s[first.spec.id] = time.monotonic() + 600
    judge, said = bench(Limits)
    judge.see_change(now)
    world.site.history.record(now + seconds, [("Panel A", (40_001, 0, 0))])
    judge.see_change(now + seconds)
    assert len(said) == count


@pytest.fixture
def cut(world, monkeypatch):
    """The first panel was cut at this moment."""
    for station in world.stations:
        monkeypatch.setattr(type(station), "online", True)
    return TemporaryLimit.objects.create(
        community=world.place.cluster.community,
        circuit_id=world.place.circuits["Panel A"],
        **{f"limit_l{phase}_ma": CUT_MA for phase in (1, 2, 3)},
        announced_at=datetime.now(UTC),
        effective_at=datetime.now(UTC) + timedelta(seconds=60),
    )


@pytest.fixture
def follow(world, bench, cut):
    """What the judge has said so long after the cut, while the first charge point and the building take so much."""
    judge, said = bench(Cuts)
    world.calm_since_s = time.monotonic() - 3_600

    def follow_ma(cars_ma, *, building_ma=0, after=HOLDS_WITHIN + timedelta(seconds=1)):
        first = world.stations[0].connectors[1]
        first.car, first._terminal_ma = Car(), (cars_ma, 0, 0)
        world.site.history.record(time.time(), [("Panel A", (cars_ma + building_ma, 0, 0))])
        with time_machine.travel(cut.announced_at + after, tick=False):
            judge.see_minute()
        return [each.sentence for each in said]

    return follow_ma


def test_cut_that_cars_do_not_follow_is_found_whatever_the_product_says_of_it(follow, cut):
    assert follow(CUT_MA) == []
    assert follow(CUT_MA + 1, after=HOLDS_WITHIN - timedelta(seconds=1)) == []
    said = f"Panel A carries (20001, 0, 0) mA, and was cut to (20000, 20000, 20000) mA at {cut.announced_at:%H:%M:%S}"
    follow(CUT_MA + 1)
    assert follow(CUT_MA + 2) == [said]


def test_building_that_is_above_alone_is_no_fault_of_cars(follow):
    assert follow(0, building_ma=CUT_MA + 1) == []
    assert len(follow(1, building_ma=CUT_MA)) == 1


@pytest.mark.parametrize("end", ["until", "cancelled_at"])
def test_limit_that_is_over_holds_no_more(follow, cut, end):
    TemporaryLimit.objects.filter(pk=cut.pk).update(**{end: cut.announced_at + timedelta(seconds=200)})
    assert follow(CUT_MA + 1) == []


@pytest.mark.parametrize("excuse", ["refuses", "is away", "troubles"])
def test_charge_point_that_cannot_be_asked_excuses_the_cut(world, follow, monkeypatch, excuse):
    first = world.stations[0]
    if excuse == "refuses":
        first.faults.profile_answer = "Rejected"
    elif excuse == "is away":
        monkeypatch.setattr(type(first), "online", False)
    else:
        world.calm_since_s = time.monotonic() - 10
    assert follow(CUT_MA + 1) == []
