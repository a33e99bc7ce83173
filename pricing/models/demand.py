from datetime import date
from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel
from pricing.enums import DemandSharing

# 1000 of the currency a kW and month: a slip of the decimal point, and no grid's price.
MOST_PER_KW_MINOR: Final = 100_000
BOUNDED: Final = "A kW costs above 0, and 1000 a month at most."


class DemandCharge(TenantModel):
    """What a kW of a connection's highest quarter of an hour costs in each month, and who pays for it; from a month on."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="demand_charges")
    first_day = models.DateField("from", help_text="Any day of the first month; until a later one begins.")
    per_kw_minor = models.PositiveIntegerField(
        "price per kW and month",
        validators=[
            MinValueValidator(1, BOUNDED),
            MaxValueValidator(MOST_PER_KW_MINOR, BOUNDED),
        ],
        help_text="With its tax, as the grid operator bills it.",
    )
    sharing = models.CharField(
        "who pays",
        max_length=8,
        choices=DemandSharing.choices,
        default=DemandSharing.NOBODY,
        help_text="The building's part of the peak is never put onto drivers.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-first_day"]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "first_day"],
                name="demand_charge_one_per_month",
                violation_error_message="Another charge of this cluster begins with that month.",
            ),
            models.CheckConstraint(
                condition=models.Q(per_kw_minor__range=(1, MOST_PER_KW_MINOR)),
                name="demand_charge_bounded",
                violation_error_message=BOUNDED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cluster}: {self.per_kw_minor / 100:.2f} per kW from {self.first_day:%Y-%m}"

    def has_begun(self, today: date) -> bool:
        return self.first_day <= today
