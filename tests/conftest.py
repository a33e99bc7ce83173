import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_memory_of_other_tests():
    """Throttles and wake-ups count in the cache."""
    cache.clear()
