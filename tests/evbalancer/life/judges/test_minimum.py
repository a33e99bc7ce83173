import time

import pytest
import time_machine

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges.minimum import WITHIN_S, Minimum
from grid.models import Cluster


@pytest.fixture
def wait(world, bench, first, monkeypatch):
    """What the judge says after some minutes in which the first car has no power, beside others that are offered so much."""
    monkeypatch.setattr(type(first), "online", True)
    for each in world.stations:
        monkeypatch.setattr(type(each), "online", True)
    world.calm_since_s = time.monotonic() - 3_600

    def wait_for(seconds, *, offered_ma=0, car=None, others=1):
        for number, station in enumerate(world.stations[: others + 1]):
            connector = station.connectors[1]
            connector.car = car or Car(soc_pct=20)
            connector.transaction = Transaction(1, f"TAGA{number + 1}", time.time() - 600, 0)
            connector.offered_ma = connector._terminal_ma = 0
            if number:
                connector.offered_ma, connector._terminal_ma = offered_ma, (offered_ma, 0, 0)
            else:
                connector._terminal_ma = (0, 0, 0)
        judge, said = bench(Minimum)
        with time_machine.travel(time.time(), tick=False) as travel:
            for _ in range(int(seconds // 60) + 1):
                judge.see_minute()
                travel.shift(60)
        return [each.sentence[:2] for each in said if each.sentence.startswith("A1")]

    return wait_for


def test_car_without_power_where_there_is_room_is_found_in_time(wait):
    assert wait(WITHIN_S) == []
    assert wait(WITHIN_S + 60) == ["A1"]


def test_full_car_and_one_that_finds_no_room_wait_for_nothing(wait):
    assert wait(600, car=Car(soc_pct=100)) == []
    # Three others are on its phase, and are offered all of the panel but 5 A and the margin.
    assert wait(600, offered_ma=11_400, others=5) == []


def test_where_everybody_comes_first_what_others_are_offered_is_no_excuse(wait, world):
    Cluster.objects.filter(pk=world.place.cluster.pk).update(everybody_first=True)
    world.place.cluster.everybody_first = True
    assert wait(600, offered_ma=11_400, others=5) == ["A1"]


def test_car_that_sleeps_below_eight_amperes_is_woken_later(wait):
    assert wait(900, car=Car(soc_pct=20, min_ma=8_000)) == []
    assert wait(1_100, car=Car(soc_pct=20, min_ma=8_000)) == ["A1"]
