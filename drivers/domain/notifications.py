"""Notifications of a driver: in the app at once, by mail and in their browsers when they like, and at their own addresses."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import override

from drivers.domain import webhooks
from drivers.domain.belonging import is_member, match_belonging
from drivers.domain.channels.pushes import queue_pushes
from drivers.domain.channels.quiet import check_quiet_hours, quiet_until
from drivers.domain.language import language_of, language_of_driver
from drivers.domain.mailing.mail_server import deliver_mail
from drivers.enums import NotificationKind, Role
from drivers.models import Driver, Notification, Preference, User, WebhookDelivery
from evbalancer.common import topics
from evbalancer.common.db.batches import Ledger, dated_ledger
from evbalancer.common.errors import InvalidInput
from evbalancer.common.loops import for_each
from evbalancer.common.mail import Mail, sends_mail
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell_in
from grid.models import Community

logger = logging.getLogger(__name__)

MOST_A_ROUND = 200
TRY_AGAIN = timedelta(minutes=10)
LONGEST_ROUND_S = 120.0
# So long also the same news is sent only once.
KEPT = timedelta(days=365)
# News about a driver's account is no matter of taste, and the app may be in other hands already.
ALWAYS_SENT = frozenset({NotificationKind.ACCOUNT})
# An alarm says the same, by the channels that managers choose for alarms: a second message would only repeat it.
NEVER_SENT = frozenset({NotificationKind.OVERDRAW})


@dataclass(frozen=True, slots=True)
class News:
    """What a driver is to hear. `about` names the thing it is about, where they hear of it once only."""

    driver: Driver
    said: Said
    about: str = ""


def notify_driver(
    driver: Driver, *, kind: NotificationKind, said: Said, now: datetime, about: str = ""
) -> Notification | None:
    """Written in the caller's transaction; the driver's open pages hear of it after commit.

    The sentence is made when it is read or sent, in the driver's language. None when the driver already knows of the same thing (`about`)
    before, or does not belong to the community any more.
    """
    return next(iter(notify_all([driver], kind=kind, said=said, now=now, about=about)), None)


def notify_all(
    drivers: Collection[Driver],
    *,
    kind: NotificationKind,
    said: Said,
    now: datetime,
    about: str = "",
) -> list[Notification]:
    """Tell each of these the same, as `notify_driver` does, in a constant number of queries: a cut's lock does not wait for hundreds."""
    return notify_each([News(driver, said, about) for driver in drivers], kind=kind, now=now)


@transaction.atomic
def notify_each(news: Collection[News], *, kind: NotificationKind, now: datetime) -> list[Notification]:
    """Tell each driver their own news, in a constant number of queries as well."""
    ids = {each.driver.pk for each in news}
    members = set(Driver.objects.filter(is_member(), pk__in=ids).values_list("pk", flat=True))
    preferences = {each.driver_id: each for each in Preference.objects.filter(driver__in=ids)}
    by_mail = sends_mail()
    notifications = [
        Notification(
            community_id=each.driver.community_id,
            driver=each.driver,
            kind=kind,
            said=each.said,
            about=each.about,
            created_at=now,
            mail_due_at=_mail_due_at(each.driver, preferences.get(each.driver.pk), kind, now=now)
            if by_mail
            else None,
        )
        for each in news
        if each.driver.pk in members
    ]
    may_know = any(each.about for each in news)
    Notification.objects.bulk_create(notifications, ignore_conflicts=may_know)
    if may_know:
        mine = Notification.objects.filter(pk__in=[each.pk for each in notifications])
        new = set(mine.values_list("pk", flat=True))
        notifications = [each for each in notifications if each.pk in new]
    webhooks.queue_deliveries(notifications, now=now)
    queue_pushes(notifications, _push_due_at(notifications, preferences, now=now))
    communities = Community.objects.in_bulk({each.community_id for each in notifications})
    for each in notifications:
        language = language_of(preferences.get(each.driver_id), communities[each.community_id])
        text = tell_in(language, each.said)
        topic = topics.driver_topic(each.driver_id)
        topics.tell(topic, "notification", id=str(each.pk), code=each.said.code, text=text)
    return notifications


def notify_managers(
    community_id: UUID, *, kind: NotificationKind, said: Said, now: datetime, about: str = ""
) -> int:
    """Notify the community's managers who are drivers there too: notifications belong to drivers. Returns how many."""
    managers = Driver.objects.filter(
        match_belonging(),
        community=community_id,
        user__memberships__community=community_id,
        user__memberships__role=Role.MANAGER,
    )
    told = managers.select_related("community").distinct()
    return len(notify_all(told, kind=kind, said=said, now=now, about=about))


def mark_read(notification: Notification, *, now: datetime) -> None:
    Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(read_at=now)
    notification.refresh_from_db()


def set_language(user: User, language: str) -> None:
    """Tell this person things in the language that they chose for their pages."""
    for driver in user.drivers.filter(match_belonging()):
        Preference.objects.update_or_create(
            driver=driver, defaults={"community_id": driver.community_id, "language": language}
        )


class Choices(TypedDict, total=False):
    """What stays as it was when it is left out. None: no choice."""

    push_kinds: list[str]
    language: str
    shows_amps: bool
    usual_wh: int | None
    usual_ready_min: int | None


def set_preferences(
    driver: Driver,
    *,
    mail_kinds: list[str],
    quiet_from_min: int | None,
    quiet_until_min: int | None,
    **choices: Unpack[Choices],
) -> Preference:
    """Raises InvalidInput for an unknown kind, half a pair of quiet hours, or an empty one."""
    for name, kinds in (("mail_kinds", mail_kinds), ("push_kinds", choices.get("push_kinds", []))):
        unknown = set(kinds) - set(NotificationKind.values)
        if unknown:
            raise InvalidInput(name, Said("refusal.no_such_kind", {"kind": min(unknown)}))
    check_quiet_hours(quiet_from_min, quiet_until_min)
    values: dict[str, Any] = {
        "community_id": driver.community_id,
        "mail_kinds": sorted(set(mail_kinds)),
        "quiet_from_min": quiet_from_min,
        "quiet_until_min": quiet_until_min,
        **choices,
    }
    preference, _ = Preference.objects.update_or_create(driver=driver, defaults=values)
    return preference


def _mail_due_at(
    driver: Driver, preference: Preference | None, kind: str, *, now: datetime
) -> datetime | None:
    """When to send it by mail: now, at the end of quiet hours, or never."""
    if not driver.email:
        return None
    return _due_at(driver, preference, kind, preference.mail_kinds if preference else None, now=now)


def _push_due_at(
    notifications: Collection[Notification], preferences: Mapping[UUID, Preference], *, now: datetime
) -> dict[UUID, datetime]:
    """When to show each in the driver's browsers, without those that they don't want there."""
    due = {}
    for each in notifications:
        chosen = preferences.get(each.driver_id)
        moment = _due_at(each.driver, chosen, each.kind, chosen.push_kinds if chosen else None, now=now)
        if moment is not None:
            due[each.pk] = moment
    return due


def _due_at(
    driver: Driver, chosen: Preference | None, kind: str, kinds: Collection[str] | None, *, now: datetime
) -> datetime | None:
    """Of a channel on which the driver wants these kinds; None: all of them."""
    if driver.retired_at is not None or kind in NEVER_SENT:
        return None
    if chosen is None or kind in ALWAYS_SENT:
        return now
    if kinds is not None and kind not in kinds:
        return None
    return quiet_until(chosen, zone=ZoneInfo(driver.community.time_zone), now=now) or now


def send_due_mails(*, now: datetime) -> int:
    """Send what is due. Returns how many went out. Of two workers one sends each."""
    due = Notification.objects.filter(match_belonging("driver__"), mail_due_at__lte=now).select_related(
        "driver__community", "driver__preference"
    )

    def send(row: Notification) -> bool:
        claimed = Notification.objects.filter(pk=row.pk, mail_due_at=row.mail_due_at)
        if not claimed.update(mail_due_at=now + TRY_AGAIN):
            return False
        with override(language_of_driver(row.driver)):
            subject = f"{row.driver.community.name}: {row.get_kind_display()}"
            told = Mail(row.driver.email, subject, row.told)
        reason = deliver_mail(told, now=now)
        if reason:
            logger.warning("Mail of notification %s was not taken; it is tried again: %s", row.pk, reason)
            return False
        Notification.objects.filter(pk=row.pk).update(mail_due_at=None, mailed_at=now)
        return True

    rows = due.order_by("mail_due_at")[:MOST_A_ROUND]
    return for_each(rows, send, what="The mail of notification", longest_s=LONGEST_ROUND_S)


def old_notifications(*, now: datetime) -> Ledger:
    """Of a year ago, and not waiting for anybody's mail or webhook."""
    rows = Notification.objects.filter(created_at__lt=now - KEPT, mail_due_at=None)
    waiting = WebhookDelivery.objects.filter(notification=OuterRef("pk"))
    return dated_ledger("notifications", rows.filter(~Exists(waiting)), moment="created_at")
