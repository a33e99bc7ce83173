import os

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from django.utils import translation

from tests.clean_database import delete_all_rows
from tests.factories.world import populate

if "PYTEST_XDIST_WORKER" in os.environ:
    from tests.template_database import django_db_setup  # noqa: F401

# They run servers, chargers and browsers against the clock: beside other tests they would measure those.
AGAINST_THE_CLOCK = ("tests/e2e/", "tests/chargers/ocpp/", "tests/chargers/octt/")
MOST_WORKERS = 4


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests():
    """Throttles and wake-ups count in the cache; a page that was asked for in German leaves its language active."""
    cache.clear()
    translation.deactivate()


@pytest.fixture
def world(db):
    """A community with a row of every kind."""
    return populate("SECRETA")


@pytest.fixture
def manager(client, world):
    """A browser in which the manager of that community is signed in."""
    client.force_login(world.manager)
    return client


def pytest_configure() -> None:
    TransactionTestCase._fixture_teardown = lambda _: delete_all_rows()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Each worker has a database of its own on the same server."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(AGAINST_THE_CLOCK):
            item.add_marker("clock")
