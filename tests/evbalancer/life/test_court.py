import logging
import time

from evbalancer.life.court import Court


def test_judges_see_each_change_and_hear_the_log_while_the_court_sits(world):
    court = Court(world)
    logger = logging.getLogger("chargers.anything")
    logger.error("before")
    with court.sits():
        logger.error("during")
    world.site.history.record(time.time(), [("Panel A", (50_000, 0, 0))])
    world.site.watch(time.time())
    assert [each.judge for each in court.violations] == ["log", "limits"]
