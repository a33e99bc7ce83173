"""Rooms are small enough to be seen at a glance."""

from collections import Counter

import pytest

from tests.architecture.source import files, name_of

MOST_FILES = 15


def rooms():
    """Python files by folder. Migrations only ever grow, and nobody looks for a name there."""
    return Counter(name_of(path.parent) for path in files() if path.name != "__init__.py")


@pytest.mark.parametrize(("room", "count"), sorted(rooms().items()))
def test_room_has_few_files(room, count):
    assert count <= MOST_FILES, f"{room} has {count} files"
