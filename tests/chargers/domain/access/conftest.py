import pytest

from chargers.domain.access.rules import set_access_in_words
from grid.domain.audit import SYSTEM


@pytest.fixture
def keep(now):
    """A connector for some, in the words of a list."""

    def keep(connector, words):
        return set_access_in_words(connector, words, actor=SYSTEM, now=now)

    return keep
