from django.core.validators import MaxValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel

# 10 of the currency a kWh.
MOST_PER_MWH_MINOR = 1_000_000
BELOW_MOST = [MaxValueValidator(MOST_PER_MWH_MINOR, "At most 10 per kWh.")]


class DynamicPrice(TenantModel):
    """How a cluster's price follows the market: the numbers of the formula (`pricing.dynamic`)."""

    cluster = models.OneToOneField("grid.Cluster", on_delete=models.PROTECT, related_name="dynamic_price")
    active = models.BooleanField(default=True, help_text="Only active ones are published.")
    market = models.ForeignKey(
        "pricing.EnergySignal", on_delete=models.PROTECT, related_name="+", help_text="A signal of prices."
    )
    carbon = models.ForeignKey(
        "pricing.EnergySignal",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="A signal of carbon intensity, if wanted.",
    )
    fallback_per_mwh_minor = models.PositiveIntegerField(
        validators=BELOW_MOST, help_text="Market price of quarters of which the signal says nothing."
    )
    grid_fee_per_mwh_minor = models.PositiveIntegerField(default=0, validators=BELOW_MOST)
    levies_per_mwh_minor = models.PositiveIntegerField(default=0, validators=BELOW_MOST)
    tax_permille = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(500)], help_text="On the sum, in thousandths: 19 % is 190."
    )
    scarcity_most_per_mwh_minor = models.PositiveIntegerField(
        default=0, validators=BELOW_MOST, help_text="Added where the forecast leaves nothing free."
    )
    scarcity_from_pct = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="Scarcity begins when less of the connection than this is expected to stay free.",
    )
    carbon_per_tonne_minor = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(1_000_000, "At most 10000 a tonne.")]
    )
    floor_per_mwh_minor = models.PositiveIntegerField(default=0, validators=BELOW_MOST)
    ceiling_per_mwh_minor = models.PositiveIntegerField(validators=BELOW_MOST)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["cluster"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ceiling_per_mwh_minor__gte=models.F("floor_per_mwh_minor")),
                name="dynamic_price_floor_below_ceiling",
                violation_error_message="The ceiling is not below the floor.",
            ),
        ]

    def __str__(self) -> str:
        return f"Price of {self.cluster}"


class PricePublication(TenantModel):
    """Prices of a cluster as they were published once, with all that they were computed from. Never edited."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="price_publications")
    published_at = models.DateTimeField()
    begins_at = models.DateTimeField(
        help_text="Of its first quarter: later publications hold from theirs on."
    )
    ends_at = models.DateTimeField()
    per_mwh_minor = models.JSONField(help_text="One price a quarter.")
    terms = models.JSONField(help_text="The numbers of the policy at that time.")
    inputs = models.JSONField(
        help_text="Market, carbon and headroom of each quarter; null where nothing was known."
    )

    class Meta:
        ordering = ["-published_at"]
        indexes = [models.Index(fields=["cluster", "ends_at"], name="price_publication_ends")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("begins_at")), name="price_publication_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cluster}, {len(self.per_mwh_minor)} quarters"
