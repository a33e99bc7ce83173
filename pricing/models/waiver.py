from django.db import models

from evbalancer.common.db.fields import TenantModel


class Waiver(TenantModel):
    """A manager's word that a fee is not asked for. A line on an issued statement is given back by a credit note."""

    line = models.OneToOneField("pricing.BillLine", on_delete=models.PROTECT, related_name="waiver")
    reason = models.CharField(max_length=200, help_text="Its driver sees it.")
    waived_by = models.CharField(max_length=150)
    waived_at = models.DateTimeField()
    credit_note = models.OneToOneField(
        "pricing.Statement", on_delete=models.PROTECT, null=True, related_name="waiver"
    )

    class Meta:
        ordering = ["-waived_at"]

    def __str__(self) -> str:
        return f"{self.line}, waived"
