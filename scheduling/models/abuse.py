from django.db import models

from evbalancer.common.db.fields import TenantModel
from scheduling.enums import FindingKind, FindingState


class AbuseFinding(TenantModel):
    """What a rule found, with its evidence. It becomes a strike only by policy or by a manager."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="findings")
    session = models.ForeignKey(
        "chargers.Session", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=FindingKind.choices)
    subject = models.CharField(
        max_length=80, help_text="The subject of the finding: the same subject is found once."
    )
    evidence = models.JSONField()
    state = models.CharField(max_length=10, choices=FindingState.choices, default=FindingState.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    strike = models.OneToOneField(
        "drivers.Strike", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-found_at"]
        constraints = [
            models.UniqueConstraint(fields=["driver", "kind", "subject"], name="finding_once_per_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.driver}"
