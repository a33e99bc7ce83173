from django.db import models

from evbalancer.common.db.fields import TenantModel
from grid.enums import GridKeyPurpose


class GridKey(TenantModel):
    """What a machine at the grid connection shows: a meter that pushes readings, or an operator that lowers a limit."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="keys")
    purpose = models.CharField(max_length=10, choices=GridKeyPurpose.choices)
    label = models.CharField(max_length=80, help_text="Its holder, as the audit trail names it.")
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    secret = models.TextField(
        blank=True, editable=False, help_text="Encrypted; signatures are checked with it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["circuit", "label"]

    def __str__(self) -> str:
        return f"{self.label} ({self.get_purpose_display()})"
