from celery import shared_task
from django.utils import timezone

from drivers.domain import notifications, tokens, webhooks


@shared_task(name="drivers.prune_tokens")
def prune_tokens() -> None:
    tokens.prune(now=timezone.now())


@shared_task(name="drivers.send_mails")
def send_mails() -> None:
    notifications.send_due_mails(now=timezone.now())


@shared_task(name="drivers.deliver_webhooks")
def deliver_webhooks() -> None:
    webhooks.deliver_due(now=timezone.now())
