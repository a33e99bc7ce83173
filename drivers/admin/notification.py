"""Notifications of drivers, how they want to receive them, and where else they are sent."""

from django.contrib import admin

from drivers.models import Notification, Preference, PushNotice, PushSubscription, Webhook, WebhookDelivery
from evbalancer.common.admin.policy import NOBODY, VIEW
from evbalancer.common.admin.theme import display
from grid.admin.ledger import LedgerAdmin


@admin.register(Notification)
class NotificationAdmin(LedgerAdmin):
    list_display = ("created_at", "driver", "kind", "told", "read_at", "mailed_at")
    exclude = ("text", "said")
    readonly_fields = ("told",)
    list_filter = (
        "created_at",
        "kind",
    )
    search_fields = ("driver__name",)
    list_select_related = ("driver", "community")

    @display(description="Text")
    def told(self, notification: Notification) -> str:
        return notification.told


@admin.register(Preference)
class PreferenceAdmin(LedgerAdmin):
    list_display = ("driver", "language", "quiet_from_min", "quiet_until_min")
    search_fields = ("driver__name",)
    list_select_related = ("driver", "community")


@admin.register(Webhook)
class WebhookAdmin(LedgerAdmin):
    """A driver's own address; its secret is theirs."""

    list_display = ("url", "driver", "failures", "disabled_at", "created_at")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter),)
    search_fields = ("driver__name", "url")
    list_select_related = ("driver", "community")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(LedgerAdmin):
    list_display = ("notification", "webhook", "attempts", "outcome", "delivered_at", "next_attempt_at")
    list_filter = (("delivered_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notification", "webhook", "community")


@admin.register(PushSubscription)
class PushSubscriptionAdmin(LedgerAdmin):
    """People's browsers, without their addresses: no managers' business."""

    manager_may = NOBODY
    operator_may = VIEW
    list_display = ("user", "device", "host", "is_for_news", "failures", "sent_at", "outcome", "created_at")
    search_fields = ("user__username", "user__email")
    list_select_related = ("user",)
    fields = (
        ("user", "device", "host"),
        "is_for_news",
        ("failures", "retry_at"),
        ("sent_at", "outcome"),
        "created_at",
    )


@admin.register(PushNotice)
class PushNoticeAdmin(LedgerAdmin):
    """What waits for a browser."""

    manager_may = NOBODY
    operator_may = VIEW
    list_display = ("due_at", "notification", "subscription")
    list_select_related = ("notification", "subscription")
    fields = ("due_at", "notification", "subscription")
