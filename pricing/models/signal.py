from django.db import models

from evbalancer.common.db.fields import TenantModel
from pricing.enums import SignalKind, SignalQuantity


class EnergySignal(TenantModel):
    """What energy costs on a market, or how much carbon it carries, quarter by quarter; and where that comes from.

    Prices are in the community's currency, minor units per MWh; carbon is in g per kWh.
    """

    name = models.CharField(max_length=80)
    quantity = models.CharField(max_length=10, choices=SignalQuantity.choices, default=SignalQuantity.PRICE)
    kind = models.CharField(
        max_length=10,
        choices=SignalKind.choices,
        default=SignalKind.BY_HAND,
        verbose_name="source",
        help_text="A provider is asked by the server. Files and pushes are taken for every signal.",
    )
    area = models.CharField(
        max_length=120,
        blank=True,
        help_text="ENTSO-E: bidding zone, for example DE-LU. aWATTar: DE or AT. Octopus: product/tariff. "
        "Tibber: id of the home, or empty for the first.",
    )
    url = models.CharField(
        max_length=300, blank=True, verbose_name="address", help_text="Empty: the provider's usual one."
    )
    token_encrypted = models.TextField(blank=True, editable=False)
    active = models.BooleanField(default=True, help_text="Only active signals are asked for.")
    asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    heard_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last time that it said anything valid."
    )
    error = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="energy_signal_name_in_community"),
        ]

    def __str__(self) -> str:
        return self.name


class SignalPublication(TenantModel):
    """Values of a signal as they were published once. Never edited: what comes later holds where both have a quarter."""

    signal = models.ForeignKey("pricing.EnergySignal", on_delete=models.PROTECT, related_name="publications")
    begins_at = models.DateTimeField(help_text="Of its first quarter of an hour.")
    ends_at = models.DateTimeField()
    values = models.JSONField(help_text="One a quarter: minor units per MWh, or g per kWh.")
    published_at = models.DateTimeField(help_text="As its source says, or when it came.")
    received_at = models.DateTimeField()
    origin = models.CharField(max_length=120)

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["signal", "ends_at"], name="signal_publication_ends")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("begins_at")), name="signal_publication_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signal}: {self.origin}"
