from django.db import models

from evbalancer.common.db.fields import TenantModel


class LoadProfile(TenantModel):
    """An ended session by quarters of an hour, and what it would have cost to charge at once. Computed again after a correction."""

    session = models.OneToOneField(
        "chargers.Session", on_delete=models.CASCADE, related_name="load_profile", editable=False
    )
    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="+")
    begins_at = models.DateTimeField(help_text="Of its first quarter of an hour.")
    ended_at = models.DateTimeField()
    energies_wh = models.JSONField(help_text="One entry a quarter, as the meter rose.")
    at_once_from = models.DateTimeField(help_text="When the car was plugged in.")
    at_once_w = models.PositiveIntegerField(help_text="As much as the connector and the car take.")
    cost_minor = models.IntegerField(null=True, help_text="As billed, corrections included.")
    at_once_minor = models.IntegerField(
        null=True, help_text="The cost of the same energy at once; empty where a price is not known."
    )

    class Meta:
        ordering = ["-ended_at"]
        indexes = [models.Index(fields=["cluster", "ended_at"], name="load_profile_of_cluster")]

    def __str__(self) -> str:
        return str(self.session)

    @property
    def saved_minor(self) -> int | None:
        """Below zero where charging at once would have been cheaper; None where that is not known."""
        if self.cost_minor is None or self.at_once_minor is None:
            return None
        return self.at_once_minor - self.cost_minor
