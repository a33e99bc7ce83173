"""What a driver is told, in the app; sending it elsewhere is a second step."""

from datetime import datetime

from drivers.enums import NotificationKind
from drivers.models import Driver, Notification
from evbalancer.common import topics


def notify(driver: Driver, *, kind: NotificationKind, text: str, now: datetime) -> Notification:
    """Written in the caller's transaction; the driver's open pages hear of it after commit."""
    notification = Notification.objects.create(
        community_id=driver.community_id,
        driver=driver,
        kind=kind,
        text=text[:300],
        created_at=now,
    )
    topics.tell(
        topics.driver_topic(driver.pk), "notification", id=str(notification.pk), text=notification.text
    )
    return notification


def mark_read(notification: Notification, *, now: datetime) -> None:
    Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(read_at=now)
    notification.refresh_from_db()
