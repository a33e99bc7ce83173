from celery import shared_task
from django.utils import timezone

from pricing.domain import costs


@shared_task(name="pricing.tell_costs")
def tell_costs() -> None:
    costs.tell_running(now=timezone.now())
