"""Celery's way to run a row of the table of periodic work. Safe to run twice."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from evbalancer.common.waking import STALE_S
from evbalancer.ops.periodic import row_named


@shared_task(name="evbalancer.run_periodic")
def run_periodic(name: str, one: str | None = None) -> None:
    """Run the row of this name. A row that goes over many ids becomes a task an id, so that none keeps another waiting."""
    row = row_named(name)
    if row.over is None:
        row.run(now=timezone.now())
    elif one is not None:
        row.run(UUID(one), now=timezone.now())
    else:
        for each in row.over():
            run_periodic.apply_async((name, str(each)), expires=STALE_S, queue=row.queue_for(each))
