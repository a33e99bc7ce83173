from django.db import models

from evbalancer.common.db.fields import TenantModel


class ArrivalForecast(TenantModel):
    """What usually comes to a cluster on these days, as it was learnt from its past, and whether planning for it helped lately."""

    cluster = models.OneToOneField("grid.Cluster", on_delete=models.PROTECT, related_name="arrival_forecast")
    learned_at = models.DateTimeField()
    day = models.DateField(help_text="The first day that it is for, by the community's clock.")
    days = models.PositiveSmallIntegerField(help_text="How many past days it was learnt from.")
    flows = models.JSONField(
        help_text="For each day from then on: circuit, arrival, departure, power, energy."
    )
    usual_stay_wh = models.PositiveIntegerField(default=0)
    busyness = models.FloatField(default=1.0, help_text="Today's arrivals so far, against a usual day.")
    is_used = models.BooleanField(
        default=False, help_text="The last days, played again with it and without, went better with it."
    )
    days_played = models.PositiveSmallIntegerField(default=0)
    energy_without = models.FloatField(null=True, help_text="Of what was wanted on these days.")
    energy_with = models.FloatField(null=True)
    worst_without = models.FloatField(
        null=True, help_text="Share of it that the worst twentieth of the cars had."
    )
    worst_with = models.FloatField(null=True)

    class Meta:
        ordering = ["cluster"]

    def __str__(self) -> str:
        return f"Arrivals at {self.cluster}"
