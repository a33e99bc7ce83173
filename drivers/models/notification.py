from django.db import models

from drivers.enums import NotificationKind
from evbalancer.common.fields import TenantModel


class Notification(TenantModel):
    """Something a driver should know, kept until read; sending it elsewhere is a second step."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=16, choices=NotificationKind.choices)
    text = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["driver", "-created_at"], name="notification_newest_by_driver")]

    def __str__(self) -> str:
        return self.text
