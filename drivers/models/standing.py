from django.db import models

from evbalancer.common.db.fields import SaidField, TenantModel
from evbalancer.common.words.telling import tell_or


class Strike(TenantModel):
    """A finding that counts against a driver until it lapses or an appeal lifts it."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="strikes")
    kind = models.CharField(max_length=32)
    evidence = models.JSONField()
    given_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    suspended_until = models.DateTimeField(
        null=True, blank=True, help_text="The end of the suspension that it brought, if it did."
    )
    appeal = models.TextField(blank=True, max_length=2000)
    appealed_at = models.DateTimeField(null=True, blank=True)
    appeal_decided_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=200, blank=True, help_text="A manager's words.")
    decision_said = SaidField(help_text="The system's, where no manager decided.")

    class Meta:
        ordering = ["-given_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lapses_at__gt=models.F("given_at")),
                name="strike_lapses_after_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.driver}"

    @property
    def decision_told(self) -> str:
        """In the language that is active."""
        return tell_or(self.decision_said, self.decision)
