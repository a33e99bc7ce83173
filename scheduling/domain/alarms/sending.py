"""Sends what is due by each channel. A channel that fails is tried again later and holds up no other."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import orjson
from django.db.models import Exists, OuterRef, Q

from drivers.domain.channels import browsers
from drivers.domain.channels.browsers import target_of
from drivers.domain.mailing.mail_server import deliver_mail
from drivers.models import Membership
from evbalancer.common.db.batches import Ledger, dated_ledger
from evbalancer.common.loops import for_each
from evbalancer.common.mail import Mail, sends_mail
from evbalancer.common.security import outbound, push
from evbalancer.common.security.encryption import decrypt
from evbalancer.common.security.outbound import Answer
from evbalancer.common.security.signing import signed_headers
from evbalancer.common.security.tenancy import MANAGER
from scheduling.domain.alarms.messages import Message, compose_message
from scheduling.domain.alarms.outbox import GROUPED_FOR
from scheduling.enums import ChannelKind
from scheduling.models import AlarmChannel, AlarmNotice

logger = logging.getLogger(__name__)

# Longer than an attempt takes; a process that dies within one leaves the channel to others after it.
CLAIMED_FOR: Final = timedelta(minutes=2)
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15))
# About a day.
DISABLED_AFTER: Final = 96
MOST_A_ROUND: Final = 200
LONGEST_ROUND_S: Final = 120.0
KEPT: Final = timedelta(days=90)
NTFY_URGENT, NTFY_USUAL = 5, 3
MAIL_IS_DOWN: Final = "The mail server takes no mail"


@dataclass
class Round:
    """One round of sending. After a mail server that fails, the other mails of the round are left for the next one."""

    now: datetime
    post: outbound.Send
    put: outbound.Send
    mail_is_down: bool = False

    def deliver(self, channel: AlarmChannel, message: Message) -> Answer:
        match channel.kind:
            case ChannelKind.MAIL:
                return self._mail(channel, message)
            case ChannelKind.WEBHOOK:
                return self._webhook(channel, message)
            case ChannelKind.NTFY:
                return self._ntfy(channel, message)
            case ChannelKind.PUSH:
                return self._push(channel, message)
        return self._matrix(channel, message)

    def _mail(self, channel: AlarmChannel, message: Message) -> Answer:
        if self.mail_is_down or not sends_mail():
            return Answer(MAIL_IS_DOWN, is_taken=False)
        reason = deliver_mail(Mail(channel.user.email, message.title, message.text), now=self.now)
        if reason:
            self.mail_is_down = reason.of_server
            logger.warning("The mail of channel %s was not taken: %s", channel.pk, reason)
            return Answer(str(reason)[: outbound.LONGEST_OUTCOME], is_taken=False)
        return Answer("Taken by the mail server", is_taken=True)

    def _webhook(self, channel: AlarmChannel, message: Message) -> Answer:
        data = {"title": message.title, "text": message.text, "is_grave": message.is_grave, **message.data}
        body = orjson.dumps({"type": "alarms", "timestamp": self.now, "data": data})
        headers = signed_headers(decrypt(channel.secret_encrypted), message.id, body, now=self.now)
        return outbound.deliver(self.post, decrypt(channel.address_encrypted), body, headers)

    def _ntfy(self, channel: AlarmChannel, message: Message) -> Answer:
        """Published as JSON (docs.ntfy.sh/publish): headers could not hold a title with umlauts."""
        address = urlsplit(decrypt(channel.address_encrypted))
        root, _, topic = address.path.rpartition("/")
        body = orjson.dumps(
            {
                "topic": topic,
                "title": message.title,
                "message": message.text,
                "priority": NTFY_URGENT if message.is_grave else NTFY_USUAL,
            }
        )
        return outbound.deliver(self.post, f"https://{address.netloc}{root}/", body, _bearer(channel))

    def _push(self, channel: AlarmChannel, message: Message) -> Answer:
        assert channel.push is not None  # noqa: S101 (a channel of this kind ends with its browser)
        shown = push.Message(message.title, message.text, message.id, "/", is_urgent=message.is_grave)
        return push.deliver(self.post, target_of(channel.push), shown, now=self.now)

    def _matrix(self, channel: AlarmChannel, message: Message) -> Answer:
        """The transaction id makes a repetition harmless (client-server API, rooms/{id}/send)."""
        address = urlsplit(decrypt(channel.address_encrypted))
        room = quote(address.fragment.removeprefix("/"), safe="")
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{message.id}"
        body = orjson.dumps({"msgtype": "m.text", "body": f"{message.title}\n{message.text}"})
        return outbound.deliver(self.put, f"https://{address.netloc}{path}", body, _bearer(channel))


def send_due_alarms(
    *, now: datetime, post: outbound.Send = outbound.post, put: outbound.Send = outbound.put
) -> int:
    """Send each channel's due alarms as one message. Returns how many messages were taken. Of two processes one serves a channel."""
    due = AlarmNotice.objects.filter(channel=OuterRef("pk"), due_at__lte=now)
    channels = AlarmChannel.objects.filter(
        Q(retry_at=None) | Q(retry_at__lte=now), Exists(due), is_active=True, disabled_at=None
    ).select_related("user", "push")
    sending = Round(now, post, put)

    def serve(channel: AlarmChannel) -> bool:
        claimed = AlarmChannel.objects.filter(pk=channel.pk, retry_at=channel.retry_at)
        return bool(claimed.update(retry_at=now + CLAIMED_FOR)) and _serve(channel, sending)

    # Mail last: a mail server that hangs keeps no push message waiting.
    ordered = sorted(channels[:MOST_A_ROUND], key=lambda channel: channel.kind == ChannelKind.MAIL)
    return for_each(ordered, serve, what="Alarm channel", longest_s=LONGEST_ROUND_S)


def _serve(channel: AlarmChannel, sending: Round) -> bool:
    notices = _due_notices(channel, now=sending.now)
    if not notices:
        AlarmChannel.objects.filter(pk=channel.pk).update(retry_at=None)
        return False
    answer = sending.deliver(channel, compose_message(channel, notices))
    note_answer(channel, answer, now=sending.now)
    if answer.is_taken:
        mine = AlarmNotice.objects.filter(pk__in=[notice.pk for notice in notices])
        mine.update(due_at=None, sent_at=sending.now)
    return answer.is_taken


def note_answer(channel: AlarmChannel, answer: Answer, *, now: datetime) -> None:
    """After so many failures in a row, or when the other side is gone for good, the channel is given up. Mail never is.

    A browser that ended its subscription takes its channel with it.
    """
    if channel.push is not None and browsers.note_push_answer(channel.push, answer):
        return
    row = AlarmChannel.objects.filter(pk=channel.pk)
    if answer.is_taken:
        row.update(failures=0, retry_at=None, sent_at=now, outcome=answer.outcome)
        return
    failures = channel.failures + 1
    is_over = channel.kind != ChannelKind.MAIL and (answer.is_gone or failures >= DISABLED_AFTER)
    row.update(
        failures=min(failures, DISABLED_AFTER),
        retry_at=now + WAITS[min(failures, len(WAITS)) - 1],
        outcome=answer.outcome,
        disabled_at=now if is_over else None,
    )
    if is_over:
        AlarmNotice.objects.filter(channel=channel, due_at__isnull=False).delete()


def _due_notices(channel: AlarmChannel, *, now: datetime) -> Collection[AlarmNotice]:
    """Those that are due, and those that wait for others; without what this person may not hear of any more."""
    rows = AlarmNotice.objects.filter(channel=channel, due_at__lte=now + GROUPED_FOR)
    notices = list(rows.select_related("alarm__community"))
    user = channel.user
    if not user.is_active:
        allowed: list[AlarmNotice] = []
    elif user.is_superuser:
        allowed = notices
    else:
        own = Membership.objects.filter(user=user, role=MANAGER).values_list("community_id", flat=True)
        managed = set(own)
        allowed = [notice for notice in notices if notice.alarm.community_id in managed]
    forbidden = {notice.pk for notice in notices} - {notice.pk for notice in allowed}
    if forbidden:
        AlarmNotice.objects.filter(pk__in=forbidden).delete()
    return allowed


def _bearer(channel: AlarmChannel) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if channel.secret_encrypted:
        headers["Authorization"] = f"Bearer {decrypt(channel.secret_encrypted)}"
    return headers


def old_notices(*, now: datetime) -> Ledger:
    """Notices that were sent or given up, of alarms that are over for long. The alarms stay."""
    rows = AlarmNotice.objects.filter(due_at=None, alarm__ended_at__lt=now - KEPT)
    return dated_ledger("notices of alarms", rows, moment="alarm__ended_at")
