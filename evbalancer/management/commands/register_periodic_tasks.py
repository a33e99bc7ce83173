"""Tell Celery beat what is due how often. An operator's edits of schedule and switch are kept."""

from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True)
class Periodic:
    name: str
    task: str
    every_s: int
    queue: str = "balance"


PERIODIC = (
    Periodic("Rebalance all clusters", "scheduling.rebalance_all", 5),
    Periodic("Lapse slots and emergencies", "scheduling.lapse", 60),
    Periodic("Tell what sessions have cost", "pricing.tell_costs", 20),
    Periodic("Keep local lists in step", "chargers.follow_local_lists", 600),
    Periodic("Scan for abuse", "scheduling.scan_abuse", 3600),
    Periodic("Learn which cars usually come", "scheduling.learn_arrivals", 900, queue="provider"),
    Periodic(
        "Measure what the order in a shortage costs", "scheduling.price_sharing", 3600, queue="provider"
    ),
    Periodic("Refresh vehicle tokens", "fleet.refresh_tokens", 600, queue="provider"),
    Periodic("Refresh vehicle states", "fleet.refresh_vehicles", 300, queue="provider"),
    Periodic("Send mails", "drivers.send_mails", 60, queue="provider"),
    Periodic("Deliver webhooks", "drivers.deliver_webhooks", 30, queue="provider"),
    Periodic("Prune webhook events", "fleet.prune_webhooks", 86_400, queue="provider"),
    Periodic("Prune sign-in tokens", "drivers.prune_tokens", 86_400, queue="provider"),
    Periodic("Poll demand programs", "grid.poll_demand_programs", 60, queue="provider"),
    Periodic("Prune idempotency keys", "grid.prune_idempotency_keys", 86_400),
)


class Command(BaseCommand):
    help = "Create the periodic tasks that are missing; run it after each upgrade."

    def handle(self, *args: Any, **options: Any) -> None:
        created = [spec.name for spec in PERIODIC if register(spec)]
        self.stdout.write(f"{len(created)} created, {len(PERIODIC) - len(created)} kept.")


@transaction.atomic
def register(spec: Periodic) -> bool:
    """Create or mend by name. The schedule and the switch of an existing row are the operator's."""
    interval, _ = IntervalSchedule.objects.get_or_create(every=spec.every_s, period=IntervalSchedule.SECONDS)
    row, created = PeriodicTask.objects.get_or_create(
        name=spec.name,
        defaults={
            "task": spec.task,
            "interval": interval,
            "queue": spec.queue,
            # A beat that was missed for long is not made up for in a burst.
            "expire_seconds": max(30, spec.every_s),
        },
    )
    if not created and row.task != spec.task:
        row.task = spec.task
        row.save(update_fields=["task"])
    return bool(created)
