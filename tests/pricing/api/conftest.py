import pytest

from tests.asserts.http import client_of
from tests.factories.drivers import manager_of
from tests.factories.grid import CommunityFactory


@pytest.fixture
def community():
    return CommunityFactory(time_zone="Europe/Berlin")


@pytest.fixture
def manager(community):
    return client_of(manager_of(community))
