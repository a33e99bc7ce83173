import os

import pytest
from django.core.cache import cache
from django.test import TransactionTestCase
from django.utils import translation

from tests.clean_database import delete_all_rows
from tests.examples import register_profiles
from tests.factories.world import populate

if "PYTEST_XDIST_WORKER" in os.environ:
    from tests.template_database import django_db_setup  # noqa: F401

# These wait most of their time, up to two minutes each.
LONGEST = "tests/e2e/"
DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_setup"})
# Pages and routes ask through the domain, whose tests run on both databases; sweeps walk them all on PostgreSQL. Lives
# are played on PostgreSQL by a drill.
ON_ONE_DATABASE = frozenset({"admin", "api", "life"})
# Each waits for PostgreSQL, for servers and for chargers about as long as it computes.
WORKERS_A_PROCESSOR = 2
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
    register_profiles()
    TransactionTestCase._fixture_teardown = lambda _: delete_all_rows()


def pytest_itemcollected(item: pytest.Item) -> None:
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        item.add_marker("property")
    fixtures = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    uses_database = bool(fixtures) or item.get_closest_marker("django_db") is not None
    if uses_database and not ON_ONE_DATABASE.intersection(item.path.parts):
        item.add_marker("services")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Each worker has a database of its own on the same server."""
    return min(WORKERS_A_PROCESSOR * (os.cpu_count() or 1), MOST_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers begin with the longest, and the others take the rest off them meanwhile."""
    longest = [item for item in items if item.nodeid.startswith(LONGEST)]
    others = [item for item in items if not item.nodeid.startswith(LONGEST)]
    # A worker's share is one stretch of the list: one begins at its head, and one in its middle.
    middle = len(items) // 2 - len(longest[::2])
    items[:] = [*longest[::2], *others[:middle], *longest[1::2], *others[middle:]]
