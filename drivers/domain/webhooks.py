"""Drivers' own addresses, told by the Standard Webhooks convention: signed, with an id, tried again for a day."""

from collections.abc import Collection
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from django.utils.translation import override

from drivers.domain.belonging import match_belonging
from drivers.domain.language import language_of_driver
from drivers.enums import NotificationKind
from drivers.models import Driver, Notification, Webhook, WebhookDelivery
from evbalancer.common.db.batches import Ledger, dated_ledger
from evbalancer.common.errors import InvalidInput
from evbalancer.common.loops import for_each
from evbalancer.common.security import outbound
from evbalancer.common.security.encryption import decrypt, encrypt
from evbalancer.common.security.signing import make_secret, signed_headers
from evbalancer.common.words.said import Said

MOST_PER_DRIVER = 5
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 1080))
DISABLED_AFTER = 20
MOST_A_ROUND = 100
LONGEST_ROUND_S = 120.0
KEPT = timedelta(days=90)


@transaction.atomic
def register_webhook(
    driver: Driver, *, url: str, kinds: Collection[str], now: datetime
) -> tuple[Webhook, str]:
    """Store an address and return it with its secret, the only time that it is seen. Raises UnsafeAddress."""
    outbound.check(url)
    unknown = set(kinds) - set(NotificationKind.values)
    if unknown:
        raise InvalidInput("kinds", Said("refusal.no_such_kind", {"kind": min(unknown)}))
    if Webhook.objects.filter(driver=driver).count() >= MOST_PER_DRIVER:
        raise InvalidInput("url", Said("refusal.most_addresses", {"most": MOST_PER_DRIVER}), code="too_many")
    secret = make_secret()
    webhook = Webhook.objects.create(
        community_id=driver.community_id,
        driver=driver,
        url=url,
        secret_encrypted=encrypt(secret),
        kinds=sorted(set(kinds)),
        created_at=now,
    )
    return webhook, secret


def queue_deliveries(notifications: Collection[Notification], *, now: datetime) -> None:
    """Queue for each webhook of their drivers that wants this kind; called in the notifications' transaction."""
    of_driver = {notification.driver_id: notification for notification in notifications}
    wanted = [
        (webhook, of_driver[webhook.driver_id])
        for webhook in Webhook.objects.filter(driver__in=of_driver, disabled_at=None)
        if not webhook.kinds or of_driver[webhook.driver_id].kind in webhook.kinds
    ]
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                community_id=notification.community_id,
                webhook=webhook,
                notification=notification,
                next_attempt_at=now,
            )
            for webhook, notification in wanted
        ]
    )


def deliver_due(*, now: datetime, send: outbound.Send = outbound.post) -> int:
    """Try what is due. Returns how many were delivered. Of two workers one tries each."""
    due = WebhookDelivery.objects.filter(
        match_belonging("webhook__driver__"), next_attempt_at__lte=now
    ).order_by("next_attempt_at")

    def try_one(row: WebhookDelivery) -> bool:
        # The next attempt is set before this one: a crash on the way costs a wait and never a second worker's turn.
        claimed = WebhookDelivery.objects.filter(pk=row.pk, next_attempt_at=row.next_attempt_at).update(
            attempts=row.attempts + 1,
            next_attempt_at=_next_attempt(row.attempts, now=now),
        )
        return bool(claimed) and row.webhook.disabled_at is None and _deliver(row, send, now=now)

    rows = due.select_related("webhook__driver__preference", "webhook__driver__community", "notification")[
        :MOST_A_ROUND
    ]
    return for_each(rows, try_one, what="Webhook delivery", longest_s=LONGEST_ROUND_S)


def _deliver(row: WebhookDelivery, send: outbound.Send, *, now: datetime) -> bool:
    said = row.notification.said
    with override(language_of_driver(row.webhook.driver)):
        text = row.notification.told
    body = orjson.dumps(
        {
            "type": f"notification.{row.notification.kind}",
            "timestamp": row.notification.created_at,
            "data": {"id": str(row.notification_id), "text": text, "said": said.stored if said else None},
        },
    )
    headers = signed_headers(decrypt(row.webhook.secret_encrypted), f"msg_{row.pk.hex}", body, now=now)
    answer = outbound.deliver(send, row.webhook.url, body, headers)
    if not answer.is_taken:
        _failed(row, why=answer.outcome, gone=answer.is_gone, now=now)
        return False
    WebhookDelivery.objects.filter(pk=row.pk).update(
        delivered_at=now,
        next_attempt_at=None,
        outcome=answer.outcome,
    )
    Webhook.objects.filter(pk=row.webhook_id).update(failures=0)
    return True


def _failed(row: WebhookDelivery, *, why: str, gone: bool, now: datetime) -> None:
    WebhookDelivery.objects.filter(pk=row.pk).update(outcome=why)
    webhook = Webhook.objects.get(pk=row.webhook_id)
    webhook.failures += 1
    if gone or webhook.failures >= DISABLED_AFTER:
        webhook.disabled_at = now
        WebhookDelivery.objects.filter(webhook=webhook, delivered_at=None).update(next_attempt_at=None)
    webhook.save(update_fields=["failures", "disabled_at"])


def _next_attempt(attempts: int, *, now: datetime) -> datetime | None:
    return now + WAITS[attempts] if attempts < len(WAITS) else None


def old_deliveries(*, now: datetime) -> Ledger:
    """Deliveries that were made or given up, of news of long ago."""
    rows = WebhookDelivery.objects.filter(notification__created_at__lt=now - KEPT, next_attempt_at=None)
    return dated_ledger("deliveries to webhooks", rows, moment="notification__created_at")
