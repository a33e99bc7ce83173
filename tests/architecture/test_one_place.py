"""Facts that several files judged by hand once: each stands in one file, and the others ask it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("chargers", "drivers", "evbalancer", "fleet", "grid", "pricing", "scheduling")
# What is judged in one place, by what it looks like, and that place.
PLACES = {
    "whether a charge point is online": (
        r"online_until__|online_until (?:is|>|<)",
        {"chargers/domain/presence.py"},
    ),
}


def files_with(pattern):
    found = re.compile(pattern)
    sources = (path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in sources if found.search(path.read_text())}


@pytest.mark.parametrize("fact", PLACES)
def test_fact_is_judged_in_one_place(fact):
    pattern, places = PLACES[fact]
    assert files_with(pattern) == places
