"""Calls to providers, on a queue of their own: a hung one delays no rebalance."""

from celery import shared_task
from django.utils import timezone

from fleet.domain import connections, polling, webhooks
from fleet.smartcar.choice import gateway


@shared_task(name="fleet.refresh_tokens")
def refresh_tokens() -> None:
    connections.refresh_due(gateway(), now=timezone.now())
    connections.finish_disconnecting(gateway(), now=timezone.now())


@shared_task(name="fleet.refresh_vehicles")
def refresh_vehicles() -> None:
    polling.refresh_states(gateway(), now=timezone.now())


@shared_task(name="fleet.prune_webhooks")
def prune_webhooks() -> None:
    webhooks.prune(now=timezone.now())
