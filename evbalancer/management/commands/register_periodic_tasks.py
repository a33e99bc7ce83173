"""Register the table of periodic work with Celery's beat. An operator's edits of schedule, queue and switch are kept."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from evbalancer.common.waking import STALE_S
from evbalancer.ops.periodic import ROWS, Row
from evbalancer.tasks import run_periodic

TASK: Final = run_periodic.name
# Before the table each kind of work had a task of its own, and some tasks did what several rows do now.
FORMER_TASKS: Final[Mapping[str, tuple[str, ...]]] = {
    "scheduling.rebalance_all": ("Rebalance all clusters",),
    "scheduling.lapse": (
        "Lapse slots without a car",
        "Answer waiting requests after departures",
        "Reserve booked connectors",
        "End emergencies",
        "Warn of overstays",
        "Warn of promises that can't be kept",
    ),
    "pricing.tell_costs": ("Tell what sessions have cost",),
    "chargers.follow_local_lists": ("Keep local lists in step",),
    "scheduling.scan_abuse": ("Scan for abuse",),
    "scheduling.learn_arrivals": ("Learn which cars usually come",),
    "scheduling.price_sharing": ("Measure what the order in a shortage costs",),
    "fleet.refresh_tokens": ("Refresh vehicle tokens", "Finish disconnecting vehicles"),
    "fleet.refresh_vehicles": ("Refresh vehicle states",),
    "drivers.send_mails": ("Send mails",),
    "drivers.deliver_webhooks": ("Deliver webhooks",),
    "fleet.prune_webhooks": ("Prune webhook events",),
    "drivers.prune_tokens": ("Prune sign-in tokens",),
    "grid.poll_demand_programs": ("Poll demand programs",),
    "grid.prune_idempotency_keys": ("Prune idempotency keys",),
}
# All but the balancer's work went to these two queues; each kind has its own now.
FORMER_QUEUES: Final = frozenset({"balance", "provider"})
# What of a row is the operator's.
EDITED: Final = ("interval", "crontab", "solar", "clocked", "enabled", "queue", "expire_seconds")


class Command(BaseCommand):
    help = "Register what is due periodically and remove what no longer is. Run it after each upgrade."

    def handle(self, *args: Any, **options: Any) -> None:
        created, removed = register_rows()
        self.stdout.write(f"{created} created, {len(ROWS) - created} kept, {removed} removed.")


@transaction.atomic
def register_rows() -> tuple[int, int]:
    """Bring beat's schedule in step with the table, in one transaction.

    1. Point each row of the table that is registered by name to its task; register the others, edited like their former task.
    2. Point rows of an operator's own that name a former task to the new one.
    3. Remove what the table no longer has.

    Returns how many were created and removed.
    """
    # 1.
    former = list(PeriodicTask.objects.filter(task__in=FORMER_TASKS).order_by("-pk"))
    models = {name: task for task in former for name in FORMER_TASKS[task.task]}
    created = sum(_register(row, like=models.get(row.name)) for row in ROWS)
    known = [_arguments(row.name) for row in ROWS]
    obsolete = list(PeriodicTask.objects.filter(task=TASK).exclude(args__in=known))
    # 2.
    for task in PeriodicTask.objects.filter(task__in=FORMER_TASKS):
        names = FORMER_TASKS[task.task]
        if len(names) == 1:
            _point(task, names[0])
        else:
            # Each of its rows has been registered with its schedule.
            obsolete.append(task)
    # 3.
    for task in obsolete:
        task.delete()
    return created, len(obsolete)


def _register(row: Row, *, like: PeriodicTask | None) -> bool:
    registered = PeriodicTask.objects.filter(name=row.name).first()
    if registered is not None:
        _point(registered, row.name)
        _move(registered, row)
        return False
    interval, _ = IntervalSchedule.objects.get_or_create(every=row.every_s, period=IntervalSchedule.SECONDS)
    usual = {
        "interval": interval,
        "queue": row.lane.queue,
        # A beat that was missed for long is not made up for in a burst.
        "expire_seconds": max(STALE_S, row.every_s),
    }
    chosen = usual if like is None else {name: getattr(like, name) for name in EDITED}
    _move(PeriodicTask.objects.create(name=row.name, task=TASK, args=_arguments(row.name), **chosen), row)
    return True


def _point(task: PeriodicTask, row_name: str) -> None:
    if (task.task, task.args) != (TASK, _arguments(row_name)):
        task.task, task.args = TASK, _arguments(row_name)
        task.save(update_fields=["task", "args"])


def _move(task: PeriodicTask, row: Row) -> None:
    """From a queue of a former release, which is nobody's any more or another work's, to the row's own."""
    if task.queue in FORMER_QUEUES - {row.lane.queue}:
        task.queue = row.lane.queue
        task.save(update_fields=["queue"])


def _arguments(row_name: str) -> str:
    return json.dumps([row_name])
