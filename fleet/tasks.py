"""Calls to providers, on a queue of their own: a hung one delays no rebalance."""

from celery import shared_task
from django.utils import timezone

from evbalancer.common.loops import for_each
from fleet.domain import connections, polling, webhooks
from fleet.smartcar.choice import gateway

RENEWING = (connections.refresh_due, connections.finish_disconnecting)


@shared_task(name="fleet.refresh_tokens")
def refresh_tokens() -> None:
    for_each(RENEWING, lambda job: job(gateway(), now=timezone.now()), what="Job")


@shared_task(name="fleet.refresh_vehicles")
def refresh_vehicles() -> None:
    polling.refresh_states(gateway(), now=timezone.now())


@shared_task(name="fleet.prune_webhooks")
def prune_webhooks() -> None:
    webhooks.prune(now=timezone.now())
