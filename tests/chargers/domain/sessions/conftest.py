import pytest

from chargers.domain.sessions import sessions
from tests.factories.drivers import DriverFactory, IdTagFactory


@pytest.fixture
def driver(connector):
    driver = DriverFactory(community=connector.community)
    IdTagFactory(driver=driver, token="TAG")
    return driver


@pytest.fixture
def take(now):
    """A start, as the charger reports it."""

    def take(report):
        return sessions.start_session(report, now=report.received_at)

    return take


@pytest.fixture
def end():
    """A stop, as the charger reports it."""

    def end(report):
        return sessions.stop_session(report, now=report.received_at)

    return end
