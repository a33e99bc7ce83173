from typing import Any

from django.db import models

from evbalancer.common.db.fields import TenantModel
from pricing.models.fees import Fees


class TariffVersion(Fees, TenantModel):
    """A tariff as it was published. Never changed: an edit of the tariff publishes another version, and bills name theirs."""

    tariff = models.ForeignKey("pricing.Tariff", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 ... without gaps.")
    begins_at = models.DateTimeField(help_text="It prices sessions that begin from then on.")
    body = models.JSONField(help_text="Elements and limits, as a Tariff object of OCPI 2.3.0.")
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-begins_at", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "number"], name="tariff_version_numbered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tariff}, version {self.number}"

    def save(self, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("A published version of a tariff never changes")
        super().save(**options)
