"""Facts that several files judged by hand once: each stands in one file, and the others ask it."""

import re

import pytest

from fleet.domain import vehicles
from scheduling.rules import emergency
from tests.architecture.source import files, name_of

# What is judged in one place, by what it looks like, and that place.
PLACES = {
    "whether a charge point is online": (
        r"online_until__|online_until (?:is|>|<)",
        {"chargers/domain/presence.py"},
    ),
    "what takes back a command that was not sent": (
        r"state=CommandState.SUPERSEDED",
        {"chargers/domain/orders/commands.py"},
    ),
    "whether a connector is managed": (
        r"fallback_ma is not None and|fallback_confirmed_at(?:__[gl]te?| [<>])",
        {"chargers/domain/limits/managed.py", "chargers/exposure.py"},
    ),
    "what is known of a make": (
        r"\bMake\.objects",
        {"chargers/domain/makes/makes.py", "chargers/domain/makes/pausing.py"},
    ),
    "whether a place is troubled": (r"TROUBLED = ", {"scheduling/domain/picture/states.py"}),
    "what counts as an overdraw": (r"TOLERANCE_PCT = ", {"scheduling/domain/balancing/watch.py"}),
}


def files_with(pattern):
    found = re.compile(pattern)
    return {name_of(path) for path in files() if found.search(path.read_text())}


@pytest.mark.parametrize("fact", PLACES)
def test_fact_is_judged_in_one_place(fact):
    pattern, places = PLACES[fact]
    assert files_with(pattern) == places


def test_word_of_a_car_counts_as_long_for_the_pure_rules_as_elsewhere():
    assert emergency.TRUSTED_FOR == vehicles.STALE_AFTER
