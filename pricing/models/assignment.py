from typing import Any

from django.db import models
from django.db.models import F, Q

from evbalancer.common.db.fields import TenantModel
from pricing.enums import PriceBasis

# From the narrowest to the widest: the first that fits a session prices it.
ONE_TARGET = "Choose one target at most: a group of drivers, a group of connectors, or a cluster."
TARGETS = ("driver_group", "connector_group", "cluster")


class TariffAssignment(TenantModel):
    """A tariff for a part of the community, or for all of it, from a moment on. Without a target it is everybody's.

    One that has begun is ended and never taken away, so that what was charged for keeps its reason.
    """

    tariff = models.ForeignKey("pricing.Tariff", on_delete=models.PROTECT, related_name="assignments")
    driver_group = models.ForeignKey(
        "drivers.DriverGroup",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tariff_assignments",
    )
    connector_group = models.ForeignKey(
        "chargers.ConnectorGroup",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tariff_assignments",
    )
    cluster = models.ForeignKey(
        "grid.Cluster", on_delete=models.PROTECT, null=True, blank=True, related_name="tariff_assignments"
    )
    begins_at = models.DateTimeField(help_text="Sessions that begin from then on pay it.")
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="Not included. Empty: until further notice."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-begins_at"]
        indexes = [models.Index(fields=["community", "begins_at"], name="tariff_assignment_begins")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("begins_at")),
                name="tariff_assignment_ends_later",
                violation_error_message="It ends after it begins.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(driver_group=None, connector_group=None)
                    | Q(driver_group=None, cluster=None)
                    | Q(connector_group=None, cluster=None)
                ),
                name="tariff_assignment_of_one_target",
                violation_error_message=ONE_TARGET,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff} for {self.target or 'everybody'}"

    @property
    def target(self) -> Any:
        """The row that it is for; None for the community."""
        return next((row for name in TARGETS if (row := getattr(self, name)) is not None), None)

    @property
    def basis(self) -> PriceBasis:
        for name in TARGETS:
            if getattr(self, f"{name}_id") is not None:
                return PriceBasis(name)
        return PriceBasis.COMMUNITY


class PriceChoice(TenantModel):
    """What priced a session, as it was chosen at its start: later changes of groups and assignments don't reach it.

    Written where tariffs are assigned; elsewhere the community's tariffs say the same at any time.
    """

    session = models.OneToOneField("chargers.Session", on_delete=models.PROTECT, related_name="price_choice")
    driver = models.ForeignKey(
        "drivers.Driver", on_delete=models.PROTECT, null=True, related_name="+", help_text="For whom."
    )
    version = models.ForeignKey(
        "pricing.TariffVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    basis = models.CharField(max_length=16, choices=PriceBasis.choices)
    chosen_at = models.DateTimeField()

    class Meta:
        ordering = ["-chosen_at"]

    def __str__(self) -> str:
        return f"{self.version or 'no tariff'}: {self.get_basis_display()}"
