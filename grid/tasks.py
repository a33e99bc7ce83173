from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from grid.models import IdempotencyKey
from grid.openadr import follow

KEYS_LAST = timedelta(days=2)


@shared_task(name="grid.prune_idempotency_keys")
def prune_idempotency_keys() -> None:
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEYS_LAST).delete()


@shared_task(name="grid.poll_demand_programs")
def poll_demand_programs() -> None:
    follow.poll_all(now=timezone.now())
