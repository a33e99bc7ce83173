"""Rooms are small enough to be seen at a glance."""

from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("chargers", "drivers", "evbalancer", "fleet", "grid", "pricing", "scheduling")
MOST_FILES = 15


def rooms():
    """Python files by folder. Migrations only ever grow, and nobody looks for a name there."""
    return Counter(
        path.parent.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    )


@pytest.mark.parametrize(("room", "files"), sorted(rooms().items()))
def test_room_has_few_files(room, files):
    assert files <= MOST_FILES, f"{room} has {files} files"
