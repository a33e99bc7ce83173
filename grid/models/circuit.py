from django.db import models

from evbalancer.common.db.fields import MilliampField, TenantModel
from evbalancer.common.units import PhaseMilliamps
from grid.enums import CircuitKind, MeterView


class Circuit(TenantModel):
    """A node of a cluster's tree with a permanent limit per phase."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="circuits")
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=CircuitKind.choices, default=CircuitKind.PANEL)
    limit_l1_ma = MilliampField()
    limit_l2_ma = MilliampField()
    limit_l3_ma = MilliampField()
    base_load_max_l1_ma = MilliampField(default=0, help_text="Assumed when the building's meter is silent.")
    base_load_max_l2_ma = MilliampField(default=0)
    base_load_max_l3_ma = MilliampField(default=0)
    base_load_rise_ma = MilliampField(
        null=True,
        blank=True,
        help_text="The most a metered building load may rise in five minutes; a quarter of its maximum if empty.",
    )
    has_meter = models.BooleanField(
        default=False, help_text="Its building load is measured: pushed to us, or read by us."
    )
    meter_sees = models.CharField(
        max_length=10,
        choices=MeterView.choices,
        default=MeterView.BUILDING,
        help_text="A meter at the grid connection sees the cars too; their measured load is subtracted.",
    )
    spends_surplus = models.BooleanField(
        default=False,
        help_text=(
            "The building's feed-in widens limits on import (grid operator, demand response, "
            "demand guard), never the permanent limit."
        ),
    )
    position = models.PositiveSmallIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["cluster", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="circuit_name_in_cluster"),
            models.UniqueConstraint(
                fields=["cluster"],
                condition=models.Q(parent__isnull=True, retired_at__isnull=True),
                name="circuit_one_root_per_cluster",
                violation_error_message="The cluster has its grid connection already: choose the circuit above this one.",
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")),
                name="circuit_not_its_own_parent",
                violation_error_message="A circuit can't be below itself.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def limit_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.limit_l1_ma, self.limit_l2_ma, self.limit_l3_ma)

    @property
    def base_load_max_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.base_load_max_l1_ma, self.base_load_max_l2_ma, self.base_load_max_l3_ma)
