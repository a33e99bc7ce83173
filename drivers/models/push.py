from django.conf import settings
from django.db import models

from evbalancer.common.db.fields import UUIDModel


class PushSubscription(UUIDModel):
    """A browser that a person allowed to show messages. Whoever has its address and keys could write to it, so both are encrypted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the address, by which its browser finds it."
    )
    address_encrypted = models.TextField(editable=False)
    secret_encrypted = models.TextField(editable=False)
    host = models.CharField(max_length=253, help_text="Of the push service.")
    device = models.CharField(max_length=80, blank=True)
    key_digest = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Of the sign-in that made it: both end together.",
    )
    is_for_news = models.BooleanField(default=False, help_text="It shows the notifications of a driver, too.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Not tried before.")
    sent_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=120, blank=True, help_text="Of the last attempt.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["user", "-created_at"]

    def __str__(self) -> str:
        return self.device or self.host


class PushNotice(UUIDModel):
    """A notification that waits for a browser. Those that are due together are one message; what was sent or given up is deleted."""

    subscription = models.ForeignKey(PushSubscription, on_delete=models.CASCADE, related_name="notices")
    notification = models.ForeignKey("drivers.Notification", on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "notification"], name="push_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.notification} to {self.subscription}"
