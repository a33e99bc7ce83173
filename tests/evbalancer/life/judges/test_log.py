import logging

from evbalancer.life.judges.log import Ear, Log


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
