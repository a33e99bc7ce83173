from django.db import models
from django.utils import timezone

from evbalancer.common.db.fields import TenantModel


class ChargePointCertificate(TenantModel):
    """A client certificate of a charge point: signed here at its request, or first seen when it connected."""

    charge_point = models.ForeignKey(
        "chargers.ChargePoint", on_delete=models.PROTECT, related_name="certificates"
    )
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the certificate.")
    serial_number = models.CharField(max_length=48)
    issuer = models.CharField(max_length=200, blank=True)
    not_before_at = models.DateTimeField()
    not_after_at = models.DateTimeField(verbose_name="valid until")
    is_signed_here = models.BooleanField(default=False)
    created_at = models.DateTimeField(help_text="When it was signed, or seen for the first time.")
    used_at = models.DateTimeField(null=True, blank=True, help_text="When it was first connected with.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "fingerprint"], name="certificate_once")
        ]

    def __str__(self) -> str:
        return f"{self.charge_point}, until {timezone.localtime(self.not_after_at):%F}"
