from django.db import models

from evbalancer.common.db.fields import TenantModel
from scheduling.enums import BalanceStep


class BalanceTrouble(TenantModel):
    """A part of a cluster's rebalance that fails now. It goes when that part succeeds again."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="troubles")
    step = models.CharField(max_length=20, choices=BalanceStep.choices)
    error = models.CharField(max_length=80, help_text="The kind of error; its words are in the log.")
    since = models.DateTimeField()
    at = models.DateTimeField(help_text="When it failed last.")
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-since"]
        verbose_name = "balancing failure"
        constraints = [models.UniqueConstraint(fields=["cluster", "step"], name="trouble_once_per_step")]

    def __str__(self) -> str:
        return f"{self.cluster}: {self.get_step_display()}"
