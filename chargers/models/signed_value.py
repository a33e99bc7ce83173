from django.db import models

from evbalancer.common.db.fields import TenantModel


class SignedMeterValue(TenantModel):
    """What the meter of a transaction signed (OCMF, EDL ...), exactly as it was sent: proof of its register for who pays."""

    session = models.ForeignKey("chargers.Session", on_delete=models.PROTECT, related_name="signed_values")
    received_at = models.DateTimeField()
    measured_at = models.DateTimeField(null=True, blank=True, help_text="By the charger's clock.")
    context = models.CharField(max_length=24, blank=True)
    data = models.TextField(help_text="Exactly as it was sent.")
    encoding = models.CharField(max_length=50, blank=True, help_text="As the charger names it.")
    method = models.CharField(
        max_length=50, blank=True, help_text="How it was signed, as the charger names it."
    )
    public_key = models.TextField(blank=True, help_text="As the charger told it; some never do.")
    digest = models.CharField(
        max_length=64, editable=False, help_text="Of the data: a repeated value is one row."
    )

    class Meta:
        ordering = ["session", "measured_at", "received_at"]
        constraints = [
            models.UniqueConstraint(fields=["session", "digest"], name="signed_value_once_per_session"),
        ]

    def __str__(self) -> str:
        return f"{self.context or 'Signed value'} at {self.measured_at or self.received_at:%F %T}"
