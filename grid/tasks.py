from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from grid.models import IdempotencyKey

KEYS_LAST = timedelta(days=2)


@shared_task(name="grid.prune_idempotency_keys")
def prune_idempotency_keys() -> None:
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEYS_LAST).delete()
