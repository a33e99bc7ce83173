import pytest
from django.core.cache import cache
from django.utils import translation


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests():
    """Throttles and wake-ups count in the cache; a page that was asked for in German leaves its language active."""
    cache.clear()
    translation.deactivate()
