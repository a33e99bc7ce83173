from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import MilliampField, TableField, TenantModel
from evbalancer.common.words.amounts import amps
from scheduling.enums import RunTrigger


class RebalanceRun(TenantModel):
    """One rebalance: what it knew (as a digest), what it decided, and what it could not do."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="runs")
    at = models.DateTimeField()
    trigger = models.CharField(max_length=8, choices=RunTrigger.choices)
    duration_ms = models.PositiveIntegerField()
    inputs_digest = models.CharField(max_length=64)
    inputs = models.BinaryField(
        default=b"", help_text="The solver's problem, packed; see scheduling.domain.balancing.replay."
    )
    figures = models.JSONField(
        default=dict,
        help_text="By circuit, mA per phase: limit, building, cars as measured, reservations. See scheduling.domain.balancing.timeline.",
    )
    safe_plan = models.BooleanField(
        default=False, help_text="The solver's answer was refused by the independent check."
    )
    is_hourly = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="It stands for its hour; see scheduling.domain.balancing.thinning.",
    )
    decisions = TableField(encoder=DjangoJSONEncoder)
    violations = models.JSONField(default=list, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["cluster", "-at"], name="run_newest_by_cluster"),
            models.Index(fields=["is_hourly", "at", "id"], name="run_oldest_first"),
            models.Index(fields=["-at"], name="run_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster} at {clock.named(self.at, '%F %T')}"


class Allotment(TenantModel):
    """The limit of a connector now, with its reason in a form that becomes a sentence."""

    connector = models.OneToOneField("chargers.Connector", on_delete=models.PROTECT, related_name="allotment")
    session = models.ForeignKey("chargers.Session", on_delete=models.PROTECT, null=True, related_name="+")
    starts = models.PositiveSmallIntegerField(
        default=0, help_text="Of the car, in this session: 0 A to more."
    )
    running = models.BooleanField(
        default=False, help_text="It was sent more than 0 A; wanting it is not enough."
    )
    wanted_ma = MilliampField(default=0)
    reason = models.CharField(max_length=32)
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    taking = models.JSONField(
        default=dict,
        editable=False,
        help_text="Facts that this session taught of its car's taking; see scheduling.domain.balancing.taking.",
    )
    since = models.DateTimeField(help_text="Since when this limit and reason hold.")
    next_change_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.connector}: {amps(self.wanted_ma)}"
