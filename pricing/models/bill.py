from django.db import models
from django.db.models import Q

from evbalancer.common.db.fields import TenantModel
from pricing.enums import LineKind


class BillLine(TenantModel):
    """What a session costs, with how it was computed. Never edited: a correction is another line."""

    # Lines whose energy flowed; a surcharge names some of it again.
    METERED = (LineKind.ENERGY, LineKind.ADJUSTMENT)

    session = models.ForeignKey("chargers.Session", on_delete=models.PROTECT, related_name="bill_lines")
    driver = models.ForeignKey(
        "drivers.Driver",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bill_lines",
    )
    tariff = models.ForeignKey("pricing.Tariff", on_delete=models.PROTECT, null=True, related_name="+")
    version = models.ForeignKey(
        "pricing.TariffVersion",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty without a tariff, and where a tariff was edited before versions were kept.",
    )
    kind = models.CharField(max_length=12, choices=LineKind.choices, default=LineKind.ENERGY)
    energy_wh = models.IntegerField(default=0, help_text="Below zero where an adjustment takes energy back.")
    amount_minor = models.IntegerField()
    currency = models.CharField(max_length=3)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    parts = models.JSONField(default=list, help_text="Amount and price of each priced part.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-ended_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=~Q(kind=LineKind.ADJUSTMENT),
                name="bill_line_once_per_session_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind=LineKind.ADJUSTMENT) | Q(energy_wh__gte=0),
                name="bill_line_only_adjustments_take_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount_minor / 100:.2f} {self.currency}"
