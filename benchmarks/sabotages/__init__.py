"""Whether the judges of a simulated life find faults: see `python -m benchmarks.sabotages --help`."""

import os

from django.conf import settings

if not settings.configured:
    # Lives are kept apart by forks of one process and its database.
    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = "sqlite://:memory:", ""

from benchmarks import standalone  # noqa: F401 (it sets Django up)
