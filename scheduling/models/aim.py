from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel
from scheduling.enums import ClusterAim

MONTH_RULES = [MinValueValidator(1, "A month from 1 to 12."), MaxValueValidator(12, "A month from 1 to 12.")]


class AimSeason(TenantModel):
    """What a cluster does with slack in some months of the year, once everybody's energy is safe."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="aim_seasons")
    aim = models.CharField(max_length=8, choices=ClusterAim.choices)
    first_month = models.PositiveSmallIntegerField(default=1, validators=MONTH_RULES)
    last_month = models.PositiveSmallIntegerField(
        default=12, validators=MONTH_RULES, help_text="Included. 11 to 3 is over the turn of the year."
    )

    class Meta:
        ordering = ["cluster", "first_month"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_month__range=(1, 12), last_month__range=(1, 12)),
                name="aim_season_of_months",
                violation_error_message="A month from 1 to 12.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_aim_display()}, months {self.first_month} to {self.last_month}"

    @property
    def months(self) -> frozenset[int]:
        count = (self.last_month - self.first_month) % 12 + 1
        return frozenset((self.first_month - 1 + step) % 12 + 1 for step in range(count))


class AimTrial(TenantModel):
    """What a cluster's last weeks would have been with each aim, played again by the engine that runs."""

    cluster = models.OneToOneField("grid.Cluster", on_delete=models.PROTECT, related_name="aim_trial")
    measured_at = models.DateTimeField()
    day = models.DateField(help_text="When it was measured, by the community's clock.")
    days = models.PositiveSmallIntegerField(help_text="How many past days with cars were played.")
    cars = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(
        default=dict, help_text="For each aim: shares of energy, cost, highest power of the cars, carbon."
    )

    class Meta:
        ordering = ["cluster"]

    def __str__(self) -> str:
        return f"Aims tried at {self.cluster}"
