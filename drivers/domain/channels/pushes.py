"""Notifications on their way to a driver's browsers: queued with the notification, sent together, given up after a day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import override

from drivers.domain.belonging import match_belonging
from drivers.domain.channels.browsers import note_push_answer, target_of
from drivers.domain.language import language_of_driver
from drivers.models import Notification, PushNotice, PushSubscription
from evbalancer.common.ids import name_of_all
from evbalancer.common.loops import for_each
from evbalancer.common.security import outbound, push
from evbalancer.common.words.said import Said
from evbalancer.common.words.telling import tell

# Longer than an attempt takes; a process that dies within one leaves the browser to others after it.
CLAIMED_FOR: Final = timedelta(minutes=2)
WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15))
# News of yesterday wakes nobody.
GIVEN_UP_AFTER: Final = timedelta(seconds=push.KEPT_S)
# About a day of failures.
FORGOTTEN_AFTER: Final = 96
MOST_A_ROUND: Final = 200
LONGEST_ROUND_S: Final = 120.0
# As many as a locked screen shows.
MOST_LINES: Final = 4
SEVERAL: Final = "EV Balancer"


def queue_pushes(notifications: Collection[Notification], due_at: Mapping[UUID, datetime]) -> None:
    """Queue for each browser of the drivers who want to hear of it: those in `due_at`, by notification. In the notifications' transaction."""
    wanted = [each for each in notifications if each.pk in due_at and each.driver.user_id is not None]
    if not wanted or not push.is_set_up():
        return
    users = {each.driver.user_id for each in wanted}
    browsers: dict[int, list[PushSubscription]] = {}
    for row in PushSubscription.objects.filter(user__in=users, is_for_news=True):
        browsers.setdefault(row.user_id, []).append(row)
    PushNotice.objects.bulk_create(
        PushNotice(subscription=browser, notification=each, due_at=due_at[each.pk])
        for each in wanted
        for browser in browsers.get(each.driver.user_id or 0, ())
    )


def send_due_pushes(*, now: datetime, send: outbound.Send = outbound.post) -> int:
    """Send each browser what is due as one message. Returns how many were taken. Of two processes one serves a browser."""
    if not push.is_set_up():
        return 0
    PushNotice.objects.filter(due_at__lt=now - GIVEN_UP_AFTER).delete()
    due = PushNotice.objects.filter(subscription=OuterRef("pk"), due_at__lte=now)
    waiting = PushSubscription.objects.filter(Q(retry_at=None) | Q(retry_at__lte=now), Exists(due))

    def serve(browser: PushSubscription) -> bool:
        claimed = PushSubscription.objects.filter(pk=browser.pk, retry_at=browser.retry_at)
        return bool(claimed.update(retry_at=now + CLAIMED_FOR)) and _serve(browser, send, now=now)

    return for_each(waiting[:MOST_A_ROUND], serve, what="Web push", longest_s=LONGEST_ROUND_S)


def _serve(browser: PushSubscription, send: outbound.Send, *, now: datetime) -> bool:
    """Whoever belongs to the community no more hears nothing of it."""
    due = PushNotice.objects.filter(subscription=browser, due_at__lte=now)
    ids = list(due.values_list("pk", flat=True))
    heard = due.filter(match_belonging("notification__driver__"), pk__in=ids).select_related(
        "notification__driver__community", "notification__driver__preference"
    )
    news = [notice.notification for notice in heard.order_by("-notification__created_at")]
    if news:
        answer = push.deliver(send, target_of(browser), _compose(news), now=now)
        if note_push_answer(browser, answer):
            return False
        if not answer.is_taken:
            _failed(browser, now=now)
            return False
    PushNotice.objects.filter(pk__in=ids).delete()
    PushSubscription.objects.filter(pk=browser.pk).update(retry_at=None, failures=0, sent_at=now)
    return bool(news)


def _failed(browser: PushSubscription, *, now: datetime) -> None:
    failures = browser.failures + 1
    if failures >= FORGOTTEN_AFTER:
        PushSubscription.objects.filter(pk=browser.pk).delete()
        return
    wait = WAITS[min(failures, len(WAITS)) - 1]
    PushSubscription.objects.filter(pk=browser.pk).update(failures=failures, retry_at=now + wait)


def _compose(news: Sequence[Notification]) -> push.Message:
    """The newest first. The same news again have the same tag, so that they take each other's place."""
    places = {each.driver.community.name for each in news}
    lines = []
    for each in news[:MOST_LINES]:
        with override(language_of_driver(each.driver)):
            lines.append(each.told)
    if len(news) > MOST_LINES:
        with override(language_of_driver(news[0].driver)):
            lines.append(tell(Said("push.more", {"count": len(news) - MOST_LINES})))
    return push.Message(
        title=places.pop() if len(places) == 1 else SEVERAL,
        text="\n".join(lines),
        tag=f"news-{name_of_all(each.pk for each in news)}",
        path="/my#me",
    )
