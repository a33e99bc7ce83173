from django.db import models

from evbalancer.common.db.fields import TenantModel


class CalendarFeed(TenantModel):
    """A driver's booked slots at a secret address, for a calendar that can't sign in."""

    driver = models.OneToOneField("drivers.Driver", on_delete=models.PROTECT, related_name="calendar_feed")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Calendar of {self.driver}"
