"""Periodic work runs outside any test's transaction, as a worker runs it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chargers.domain import connections, delivery, sessions
from evbalancer.ops.jobs import JOBS
from scheduling.domain.rebalance import rebalance_all

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PERIODIC = [
    *((job.name, job.run) for job in JOBS if job.over is None),
    ("rebalance", rebalance_all),
    ("lose orphaned", delivery.lose_orphaned),
    ("end zombies", sessions.end_zombies),
    ("end lapsed leases", connections.end_lapsed_leases),
    ("expire unsent", delivery.expire_unsent),
]


@pytest.mark.django_db(transaction=True)
def test_periodic_work_opens_the_transactions_it_needs() -> None:
    run: Callable[..., object]
    for _, run in PERIODIC:
        run(now=NOW)
