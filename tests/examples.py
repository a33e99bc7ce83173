"""How many examples a property gets: the same ones in every run, or with HYPOTHESIS_PROFILE=search many new ones."""

import os
from collections.abc import Iterable

from hypothesis import HealthCheck, settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
SEARCH_TIMES = 20


def register_profiles() -> None:
    # A busy machine makes examples slowly; that says nothing about the code.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("ci", patient, derandomize=True)
    settings.register_profile("search", patient, max_examples=100 * SEARCH_TIMES, print_blob=True)
    settings.load_profile(PROFILE)


def examples(count: int, *, suppress: Iterable[HealthCheck] = ()) -> settings:
    """So many examples in a usual run. The rest comes from the profile."""
    return settings(
        max_examples=count * (SEARCH_TIMES if PROFILE == "search" else 1),
        suppress_health_check=[HealthCheck.too_slow, *suppress],
    )
