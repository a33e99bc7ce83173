from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel
from pricing.models.fees import Fees

DAY_MIN = 24 * 60
EVERY_DAY = 0b1111111


class Tariff(Fees, TenantModel):
    """Prices of a community from a day on; the newest that has begun is in force.

    The row and its windows are what a manager edits. Sessions are rated by the versions that were published of it.
    """

    name = models.CharField(max_length=80)
    valid_from = models.DateTimeField()
    base_price_per_mwh_minor = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Minor units (cents) per MWh: 0.21 €/kWh is 21000. Empty if the prices came as an OCPI tariff.",
    )
    is_standing = models.BooleanField(
        "for everybody",
        default=True,
        db_default=True,
        help_text="The community's from its begin on, until a newer one begins. Otherwise only where it is assigned.",
    )
    holidays_as_sunday = models.BooleanField(
        "public holidays count as Sundays",
        default=False,
        db_default=False,
        help_text="Those of the community's region, for all prices that depend on the day of the week.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["community", "valid_from"],
                condition=models.Q(is_standing=True),
                name="tariff_one_per_start",
                violation_error_message="Another tariff for everybody begins at that moment.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TariffWindow(TenantModel):
    """Another price in a part of the local week. Minutes are wall-clock minutes of the community's zone."""

    tariff = models.ForeignKey("pricing.Tariff", on_delete=models.CASCADE, related_name="windows")
    weekdays = models.PositiveSmallIntegerField(
        default=EVERY_DAY,
        help_text="Bit 0 is Monday.",
        validators=[MinValueValidator(1), MaxValueValidator(EVERY_DAY)],
    )
    start_min = models.PositiveSmallIntegerField(help_text="Minutes after local midnight, included.")
    end_min = models.PositiveSmallIntegerField(
        help_text="Minutes after local midnight, excluded; at most 1440."
    )
    price_per_mwh_minor = models.PositiveIntegerField()

    class Meta:
        ordering = ["start_min"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_min__gt=models.F("start_min"), end_min__lte=DAY_MIN),
                name="tariff_window_within_a_day",
                violation_error_message="A part of the day ends after it begins, at 24:00 at the latest; a night takes two.",
            ),
            models.CheckConstraint(
                condition=models.Q(weekdays__range=(1, EVERY_DAY)),
                name="tariff_window_has_a_weekday",
                violation_error_message="Choose one day at least.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start_min // 60:02}:{self.start_min % 60:02}-{self.end_min // 60:02}:{self.end_min % 60:02}"
