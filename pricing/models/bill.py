from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from evbalancer.common.db.fields import TenantModel
from pricing.enums import LineKind

if TYPE_CHECKING:
    from chargers.models import Session


class BillLine(TenantModel):
    """What a session, a booking or a month costs, with how it was computed. Never edited: a correction is another line."""

    # Lines whose energy flowed; a surcharge names some of it again.
    METERED = (LineKind.ENERGY, LineKind.ADJUSTMENT)
    # Lines that a manager may waive.
    FEES = (
        LineKind.OVERSTAY,
        LineKind.EMERGENCY,
        LineKind.RESERVATION,
        LineKind.NO_SHOW,
        LineKind.MONTHLY,
        LineKind.DEMAND,
    )

    session = models.ForeignKey(
        "chargers.Session", on_delete=models.PROTECT, null=True, related_name="bill_lines"
    )
    about_id = models.UUIDField(
        null=True, editable=False, help_text="Of a slot, which is known above, or of a driver's month."
    )
    cluster = models.ForeignKey(
        "grid.Cluster",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Of a line without a session: where it was earned. Empty for what is the whole community's.",
    )
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
        indexes = [models.Index(fields=["-ended_at"], name="bill_line_newest_first")]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=~Q(kind=LineKind.ADJUSTMENT),
                name="bill_line_once_per_session_and_kind",
            ),
            models.UniqueConstraint(
                fields=["about_id", "kind"],
                condition=Q(about_id__isnull=False),
                name="bill_line_once_per_booking_and_kind",
            ),
            models.CheckConstraint(
                condition=Q(session__isnull=False) | Q(about_id__isnull=False),
                name="bill_line_of_something",
            ),
            models.CheckConstraint(
                condition=Q(kind=LineKind.ADJUSTMENT) | Q(energy_wh__gte=0),
                name="bill_line_only_adjustments_take_back",
            ),
        ]

    @property
    def metered_session(self) -> "Session":
        """Of a line that is neither a booking's nor a month's."""
        if self.session is None:
            raise TypeError("This line has no session")
        return self.session

    @property
    def place(self) -> str:
        """Where it was: the connector, or what was booked."""
        if self.session is not None:
            return str(self.session.connector)
        return str(self.parts[0].get("place", "")) if self.parts else ""

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount_minor / 100:.2f} {self.currency}"
