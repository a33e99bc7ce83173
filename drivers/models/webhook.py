from django.db import models

from evbalancer.common.db.fields import TenantModel


class Webhook(TenantModel):
    """A driver's own address, which receives the driver's notifications. The secret is encrypted at rest."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    secret_encrypted = models.TextField()
    kinds = models.JSONField(default=list, help_text="Kinds of notifications; empty for all.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    disabled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(TenantModel):
    """One message to one webhook, tried until it is taken or given up."""

    webhook = models.ForeignKey("drivers.Webhook", on_delete=models.CASCADE, related_name="deliveries")
    notification = models.ForeignKey("drivers.Notification", on_delete=models.CASCADE, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="Empty: delivered or given up.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-notification__created_at"]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(next_attempt_at__isnull=False),
                name="webhook_delivery_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["webhook", "notification"], name="webhook_delivery_once"),
        ]

    def __str__(self) -> str:
        return f"{self.notification} to {self.webhook}"
