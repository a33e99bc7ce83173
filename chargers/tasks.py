from celery import shared_task
from django.utils import timezone

from chargers.domain import local_lists


@shared_task(name="chargers.follow_local_lists")
def follow_local_lists() -> None:
    local_lists.follow_all(now=timezone.now())
