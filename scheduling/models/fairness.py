from uuid import uuid4

from django.db import models

from evbalancer.common.db.fields import TenantModel
from grid.models.audit import AppendOnlyError


class FairnessEntry(TenantModel):
    """One line of a driver's account: what a stay wanted and what it received. Append-only."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="+")
    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="fairness_entries")
    session = models.OneToOneField(
        "chargers.Session", on_delete=models.PROTECT, related_name="fairness_entry"
    )
    stay_id = models.UUIDField(
        default=uuid4,
        unique=True,
        editable=False,
        help_text="One line a stay, however often it was interrupted.",
    )
    at = models.DateTimeField()
    wanted_wh = models.PositiveIntegerField()
    given_up_wh = models.PositiveIntegerField(
        default=0, help_text="Of what was wanted: left to others by stopping or leaving early."
    )
    promised_wh = models.PositiveIntegerField(default=0)
    received_wh = models.PositiveIntegerField()
    waited_s = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "fairness ledger"
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["cluster", "-at"], name="fairness_newest_by_cluster"),
            models.Index(fields=["driver", "-at"], name="fairness_newest_by_driver"),
        ]

    def __str__(self) -> str:
        return f"{self.driver}: {self.received_wh} of {self.wanted_wh} Wh"

    def save(self, *args: object, **kwargs: object) -> None:
        if not self._state.adding:
            raise AppendOnlyError("The fairness ledger is append-only")
        super().save(*args, **kwargs)  # type: ignore[arg-type]
