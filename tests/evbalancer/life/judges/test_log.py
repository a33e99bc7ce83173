import logging
import time

from chargers.simulator.plant.battery import Car
from evbalancer.life.judges.log import TOLD_BY_A_WRONG_CLOCK, WATCH, Ear, Log


def test_logged_error_is_found(bench):
    judge, said = bench(Log)
    logger = logging.getLogger("chargers.anything")
    handler = Ear(judge)
    logger.addHandler(handler)
    try:
        logger.warning("harmless")
        logger.error("not harmless")
    finally:
        logger.removeHandler(handler)
    assert [each.sentence for each in said] == ["chargers.anything: not harmless"]


def test_alarm_of_an_overdraw_is_no_surprise_while_a_car_obeys_nothing(bench, first):
    judge, said = bench(Log)
    record = logging.LogRecord(WATCH, logging.ERROR, "", 0, "Connector 1 draws too much", None, None)
    connector = first.connectors[1]
    connector.car, connector.offered_ma, connector._terminal_ma = Car(obeys=False), 6_000, (32_000, 0, 0)
    judge.hear(record)
    assert said == []
    connector.car.obeys = True
    judge.hear(record)
    assert len(said) == 1


def test_limit_that_is_gone_is_no_surprise_while_a_charge_point_has_a_wrong_clock(bench, world, first):
    judge, said = bench(Log)
    (name,) = TOLD_BY_A_WRONG_CLOCK
    record = logging.LogRecord(name, logging.ERROR, "", 0, "The limit is gone", None, None)
    world.clocks_wrong_until_s[first.spec.id] = time.monotonic() + 60
    judge.hear(record)
    assert said == []
    world.clocks_wrong_until_s[first.spec.id] = time.monotonic() - 1
    judge.hear(record)
    assert len(said) == 1
