"""Who hears of an alarm, by which channel and when. Written with the alarm itself; sending is a second step."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, QuerySet

from drivers.domain.channels.quiet import quiet_until
from drivers.enums import Role
from drivers.models import Membership, User
from evbalancer.common.mail import sends_mail
from scheduling.domain.alarms.wording import is_grave
from scheduling.enums import ChannelKind
from scheduling.models import Alarm, AlarmChannel, AlarmNotice

# Chargers that one cause takes away are noticed over a minute or two; they are one message.
GROUPED_FOR: Final = timedelta(minutes=2)


def queue_notices(raised: Collection[Alarm], ended: Collection[Alarm], *, now: datetime) -> None:
    """Queue the begin of alarms for all who may hear of them, and the end for all who heard of the begin.

    In the transaction that raised or ended them, in a constant number of queries. What is over before a message went out is not sent.
    """
    if raised:
        _queue_begins(raised, now=now)
    if ended:
        begun = AlarmNotice.objects.filter(alarm__in=ended, is_end=False)
        heard = list(begun.filter(sent_at__isnull=False).select_related("channel", "alarm__community"))
        begun.filter(sent_at=None).delete()
        ends = [
            AlarmNotice(
                channel=each.channel,
                alarm=each.alarm,
                is_end=True,
                due_at=_due_at(each.channel, each.alarm, now=now),
            )
            for each in heard
        ]
        AlarmNotice.objects.bulk_create(ends, ignore_conflicts=True)


def people_of(community_ids: Collection[UUID]) -> QuerySet[User]:
    """The managers of these communities, drivers or not, and the operators."""
    managers = Membership.objects.filter(role=Role.MANAGER, community__in=community_ids)
    return User.objects.filter(Q(is_superuser=True) | Q(pk__in=managers.values("user")), is_active=True)


def _queue_begins(raised: Collection[Alarm], *, now: datetime) -> None:
    communities = {alarm.community_id for alarm in raised if alarm.community_id is not None}
    people = {user.pk: user for user in people_of(communities)}
    if sends_mail():
        _make_mail_channels(people.values(), now=now)
    managed = set(
        Membership.objects.filter(role=Role.MANAGER, community__in=communities, user__in=people).values_list(
            "user_id", "community_id"
        )
    )
    channels = AlarmChannel.objects.filter(user__in=people, is_active=True, disabled_at=None)
    AlarmNotice.objects.bulk_create(
        [
            AlarmNotice(channel=channel, alarm=alarm, is_end=False, due_at=_due_at(channel, alarm, now=now))
            for channel in channels
            for alarm in raised
            if not channel.kinds or alarm.kind in channel.kinds
            if people[channel.user_id].is_superuser or (channel.user_id, alarm.community_id) in managed
            if channel.kind != ChannelKind.MAIL or (people[channel.user_id].email and sends_mail())
        ],
        ignore_conflicts=True,
    )


def _make_mail_channels(people: Iterable[User], *, now: datetime) -> None:
    """Whoever has chosen nothing hears of everything by mail."""
    AlarmChannel.objects.bulk_create(
        [AlarmChannel(user=user, kind=ChannelKind.MAIL, created_at=now) for user in people if user.email],
        ignore_conflicts=True,
    )


def _due_at(channel: AlarmChannel, alarm: Alarm, *, now: datetime) -> datetime:
    """Now for a grave kind; else when others may have joined it, and not within quiet hours."""
    if is_grave(alarm):
        return now
    zone = alarm.community.time_zone if alarm.community is not None else settings.TIME_ZONE
    return quiet_until(channel, zone=ZoneInfo(zone), now=now) or now + GROUPED_FOR
