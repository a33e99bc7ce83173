"""A person's own channels for alarms: chosen, tried and removed by that person alone."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction

from drivers.domain.channels import browsers
from drivers.domain.channels.quiet import check_quiet_hours
from drivers.models import PushSubscription, User
from evbalancer.common.errors import InvalidInput
from evbalancer.common.mail import sends_mail
from evbalancer.common.security import outbound
from evbalancer.common.security.encryption import encrypt
from evbalancer.common.security.signing import make_secret
from evbalancer.common.words.said import Said
from grid.domain.audit import Actor, record_entry
from scheduling.domain.alarms.messages import compose_trial
from scheduling.domain.alarms.sending import Round, note_answer
from scheduling.enums import AlarmKind, ChannelKind
from scheduling.models import AlarmChannel

MOST_CHANNELS: Final = 10


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person wants to hear by a channel. No `kinds`: all of them; quiet hours in minutes after midnight."""

    kinds: Collection[str] = field(default_factory=list)
    quiet_from_min: int | None = None
    quiet_until_min: int | None = None
    language: str = ""
    is_active: bool = True


@transaction.atomic
def add_channel(
    user: User,
    *,
    kind: str,
    address: str = "",
    token: str = "",
    browser: PushSubscription | None = None,
    wishes: Wishes,
    now: datetime,
) -> tuple[AlarmChannel, str]:
    """Store a channel, and return it with the secret that signs its messages, seen only now (of webhooks; else empty).

    `address`: the URL of a webhook, the topic's of ntfy (`https://ntfy.sh/topic`), or for Matrix the homeserver with the room behind `#`
    (`https://matrix.org/#/!room:matrix.org`). `token`: what lets us in there. `browser`: of web push. Raises InvalidInput and UnsafeAddress.
    """
    _check(wishes)
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    mine = AlarmChannel.objects.filter(user=user)
    if mine.count() >= MOST_CHANNELS:
        raise InvalidInput("kind", Said("refusal.most_addresses", {"most": MOST_CHANNELS}), code="too_many")
    if kind == ChannelKind.MAIL:
        _check_mail(user, mine.filter(kind=ChannelKind.MAIL).exists())
        address = token = ""
    elif kind == ChannelKind.PUSH:
        _check_browser(user, browser)
        address = token = ""
    else:
        _check_address(kind, address, token)
    secret = make_secret() if kind == ChannelKind.WEBHOOK else ""
    kept = secret or token
    channel = AlarmChannel.objects.create(
        user=user,
        kind=kind,
        host=browser.device[:253] if browser is not None else urlsplit(address).hostname or "",
        push=browser,
        address_encrypted=encrypt(address) if address else "",
        secret_encrypted=encrypt(kept) if kept else "",
        created_at=now,
        **_columns(wishes),
    )
    _record(channel, "added", now=now)
    return channel, secret


@transaction.atomic
def change_channel(channel: AlarmChannel, *, wishes: Wishes, now: datetime) -> AlarmChannel:
    """Other wishes. Whoever changes a channel that was given up wants it tried again. Raises InvalidInput."""
    _check(wishes)
    columns = _columns(wishes)
    AlarmChannel.objects.filter(pk=channel.pk).update(**columns, failures=0, retry_at=None, disabled_at=None)
    channel.refresh_from_db()
    _record(channel, "changed", now=now)
    return channel


@transaction.atomic
def remove_channel(channel: AlarmChannel, *, now: datetime) -> None:
    """With what waits in it. Of mail a row stays that is switched off, or it would come back with the next alarm."""
    _record(channel, "removed", now=now)
    if channel.kind == ChannelKind.MAIL:
        AlarmChannel.objects.filter(pk=channel.pk).update(is_active=False)
        channel.notices.filter(due_at__isnull=False).delete()
    else:
        browser = channel.push
        channel.delete()
        if browser is not None:
            browsers.end_alarms(browser)


def try_channel(
    channel: AlarmChannel,
    *,
    now: datetime,
    post: outbound.Send = outbound.post,
    put: outbound.Send = outbound.put,
) -> outbound.Answer:
    """Send a test now and return what became of it."""
    answer = Round(now, post, put).deliver(channel, compose_trial(channel, now=now))
    if answer.is_taken:
        note_answer(channel, answer, now=now)
    else:
        AlarmChannel.objects.filter(pk=channel.pk).update(outcome=answer.outcome)
    return answer


def _check(wishes: Wishes) -> None:
    unknown = set(wishes.kinds) - set(AlarmKind.values)
    if unknown:
        raise InvalidInput("kinds", Said("refusal.no_such_kind", {"kind": min(unknown)}))
    check_quiet_hours(wishes.quiet_from_min, wishes.quiet_until_min)


def _check_mail(user: User, has_one: bool) -> None:  # noqa: FBT001
    if has_one:
        raise InvalidInput("kind", Said("refusal.mail_channel_once"))
    if not user.email or not sends_mail():
        raise InvalidInput("kind", Said("refusal.no_mail_for_you"))


def _check_browser(user: User, browser: PushSubscription | None) -> None:
    if browser is None or browser.user_id != user.pk:
        raise InvalidInput("subscription", Said("refusal.no_browser"))
    if AlarmChannel.objects.filter(push=browser).exists():
        raise InvalidInput("subscription", Said("refusal.browser_once"))


def _check_address(kind: str, address: str, token: str) -> None:
    try:
        outbound.check(address)
    except outbound.UnsafeAddress as refusal:
        raise InvalidInput("address", refusal.detail, code=refusal.code) from refusal
    parts = urlsplit(address)
    if kind == ChannelKind.NTFY and not parts.path.rpartition("/")[2]:
        raise InvalidInput("address", Said("refusal.no_topic"))
    if kind == ChannelKind.MATRIX and not (parts.fragment.removeprefix("/").startswith("!") and token):
        raise InvalidInput("address", Said("refusal.no_room"))


def _columns(wishes: Wishes) -> dict[str, object]:
    return {
        "kinds": sorted(set(wishes.kinds)),
        "quiet_from_min": wishes.quiet_from_min,
        "quiet_until_min": wishes.quiet_until_min,
        "language": wishes.language,
        "is_active": wishes.is_active,
    }


def _record(channel: AlarmChannel, act: str, *, now: datetime) -> None:
    """Without the address, which is the person's own."""
    record_entry(
        actor=Actor.of_user(channel.user),
        action=f"alarm_channel.{act}",
        target=channel,
        after={"kind": channel.kind, "kinds": channel.kinds},
        now=now,
    )
