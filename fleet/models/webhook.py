from django.db import models

from fleet.enums import WebhookKind


class WebhookEvent(models.Model):
    """An event of the provider that was taken in: each once, however often it is delivered. The payload is not kept."""

    event_id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=16, choices=WebhookKind.choices)
    received_at = models.DateTimeField()
    vehicle = models.ForeignKey(
        "fleet.Vehicle", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=80)

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["-received_at"], name="webhook_newest")]

    def __str__(self) -> str:
        return self.event_id
