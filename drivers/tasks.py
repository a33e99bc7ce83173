from celery import shared_task
from django.utils import timezone

from drivers.domain import tokens


@shared_task(name="drivers.prune_tokens")
def prune_tokens() -> None:
    tokens.prune(now=timezone.now())
