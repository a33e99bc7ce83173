import pytest

from tests.evbalancer.dashboard.conftest import House, make_house


@pytest.fixture
def house(db: None) -> House:
    """Somebody balances it, so that nothing is wrong."""
    house = make_house()
    house.ran()
    return house
