from datetime import datetime

from django.db import models

from evbalancer.common.db.fields import TenantModel


class Attendance(TenantModel):
    """When a cluster was balanced last, and by which kind of process. Each run writes it, stored or not."""

    cluster = models.OneToOneField("grid.Cluster", on_delete=models.PROTECT, related_name="attendance")
    regular_at = models.DateTimeField(
        null=True, help_text="By a worker, or by the only process where there are no workers."
    )
    stood_in_at = models.DateTimeField(null=True, help_text="By a web process in place of the workers.")
    stand_in = models.CharField(max_length=80, blank=True, help_text="The web process that did so last.")

    rests_until = models.DateTimeField(
        null=True, help_text="Until then beats leave the rebalance out, unless they see something new."
    )
    seen = models.CharField(
        max_length=32, blank=True, help_text="A digest of what the beat saw that began the rest."
    )

    class Meta:
        verbose_name_plural = "attendance"

    def __str__(self) -> str:
        return f"{self.cluster}"

    @property
    def at(self) -> datetime | None:
        """When anybody balanced the cluster last."""
        return max((at for at in (self.regular_at, self.stood_in_at) if at is not None), default=None)
