import time

from chargers.simulator.plant.battery import Car
from chargers.simulator.plant.connector import Transaction
from evbalancer.life.judges.minimum import Minimum


def test_car_without_power_in_calm_times_is_found(world, bench, first, monkeypatch):
    monkeypatch.setattr(type(first), "online", True)
    connector = first.connectors[1]
    connector.car = Car(soc_pct=20)
    connector.transaction = Transaction(1, "TAGA1", time.time() - 600, 0)
    world.calm_since_s = time.monotonic() - 600
    judge, said = bench(Minimum)
    judge.see_minute()
    assert [each.judge for each in said] == ["minimum"]
    connector.car.soc_pct = 100
    judge.see_minute()
    assert len(said) == 1
