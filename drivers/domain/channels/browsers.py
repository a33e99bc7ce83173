"""Browsers that show messages of this server: allowed by a person, and forgotten with the sign-in that they were allowed in."""

from datetime import datetime
from typing import Final

from django.db import transaction

from drivers.domain.sign_in.sign_ins import name_device
from drivers.models import PushNotice, PushSubscription, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.security import outbound, push
from evbalancer.common.security.digests import digest
from evbalancer.common.security.encryption import decrypt, encrypt
from evbalancer.common.words.said import Said

MOST_BROWSERS: Final = 10


@transaction.atomic
def keep_subscription(
    user: User,
    target: push.Target,
    *,
    device: str,
    session_key: str,
    for_news: bool = False,
    now: datetime,
) -> PushSubscription:
    """Store a browser, or what it says of itself now. Of somebody else's it becomes this person's: who is signed in there counts.

    `session_key`: of the sign-in, with which the subscription ends; empty for apps. Of too many browsers the oldest is forgotten: a browser
    that was reset doesn't say so. Raises InvalidInput and UnsafeAddress.
    """
    if not push.is_set_up():
        raise InvalidInput("endpoint", Said("refusal.no_web_push"))
    push.check_target(target)
    key = digest(target.endpoint)
    PushSubscription.objects.filter(digest=key).exclude(user=user).delete()
    seen = {
        "secret_encrypted": encrypt(target.keys),
        "device": name_device(device),
        "key_digest": digest(session_key) if session_key else "",
        "failures": 0,
        "retry_at": None,
    }
    if for_news:
        seen["is_for_news"] = True
    first = {
        "user": user,
        "address_encrypted": encrypt(target.endpoint),
        "host": target.host,
        "created_at": now,
    }
    row, _ = PushSubscription.objects.update_or_create(
        digest=key, defaults=seen, create_defaults={**first, **seen}
    )
    mine = PushSubscription.objects.filter(user=user).exclude(pk=row.pk).order_by("-created_at")
    surplus = list(mine.values_list("pk", flat=True)[MOST_BROWSERS - 1 :])
    if surplus:
        PushSubscription.objects.filter(pk__in=surplus).delete()
    return row


def end_alarms(subscription: PushSubscription) -> None:
    """No alarms there any more. A browser that shows no notifications either is forgotten."""
    PushSubscription.objects.filter(pk=subscription.pk, is_for_news=False).delete()


@transaction.atomic
def end_news(subscription: PushSubscription) -> None:
    """No notifications there any more. A browser that shows no alarms either is forgotten."""
    PushNotice.objects.filter(subscription=subscription).delete()
    if getattr(subscription, "alarm_channel", None) is None:
        subscription.delete()
    else:
        PushSubscription.objects.filter(pk=subscription.pk).update(is_for_news=False)


def target_of(subscription: PushSubscription) -> push.Target:
    """Raises KeyMissing."""
    return push.Target.read(decrypt(subscription.address_encrypted), decrypt(subscription.secret_encrypted))


def send_trial(
    subscription: PushSubscription, *, text: str, now: datetime, send: outbound.Send = outbound.post
) -> outbound.Answer:
    """To see whether it works. A browser that ended its subscription is forgotten."""
    message = push.Message("EV Balancer", text, tag=f"trial-{int(now.timestamp())}", path="/my#me")
    answer = push.deliver(send, target_of(subscription), message, now=now)
    note_push_answer(subscription, answer)
    return answer


def note_push_answer(subscription: PushSubscription, answer: outbound.Answer) -> bool:
    """Keep what the push service said. True if the subscription is over, and so forgotten with all that waited for it."""
    if answer.is_gone:
        PushSubscription.objects.filter(pk=subscription.pk).delete()
        return True
    PushSubscription.objects.filter(pk=subscription.pk).update(outcome=answer.outcome)
    return False
