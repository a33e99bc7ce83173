from django.db import models

from evbalancer.common.db.fields import TenantModel


class SharingPrice(TenantModel):
    """What a cluster's last weeks would have been with either order in a shortage: what cannot wait first, or everybody a little."""

    cluster = models.OneToOneField("grid.Cluster", on_delete=models.PROTECT, related_name="sharing_price")
    measured_at = models.DateTimeField()
    day = models.DateField(help_text="When it was measured, by the community's clock.")
    days = models.PositiveSmallIntegerField(help_text="How many past days with cars were played.")
    cars = models.PositiveIntegerField(default=0)
    energy_urgent = models.FloatField(null=True, help_text="Of what was wanted, with what cannot wait first.")
    energy_everybody = models.FloatField(null=True, help_text="The same with everybody a little first.")
    worst_urgent = models.FloatField(
        null=True, help_text="Share of it that the worst twentieth of the cars had."
    )
    worst_everybody = models.FloatField(null=True)
    wait_urgent_s = models.PositiveIntegerField(null=True, help_text="Mean wait for the first power.")
    wait_everybody_s = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["cluster"]

    def __str__(self) -> str:
        return f"Price of the order at {self.cluster}"
