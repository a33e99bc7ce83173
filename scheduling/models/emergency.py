from django.conf import settings
from django.db import models
from django.db.models import Q

from evbalancer.common.db.fields import MilliampField, SayingsField, TenantModel
from scheduling.enums import EmergencyState


class EmergencyRequest(TenantModel):
    """A driver's claim to a minimum before the rest is shared: verified, bounded, priced, revocable."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="emergencies")
    vehicle = models.ForeignKey(
        "fleet.Vehicle", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    session = models.ForeignKey(
        "chargers.Session",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="emergencies",
    )
    reason = models.CharField(max_length=300)
    energy_wh = models.PositiveIntegerField(help_text="Asked for.")
    needed_by = models.DateTimeField()
    state = models.CharField(max_length=10, choices=EmergencyState.choices)
    state_since = models.DateTimeField()
    granted_wh = models.PositiveIntegerField(default=0)
    energy_before_wh = models.PositiveIntegerField(
        default=0, help_text="Energy of the stay when it was claimed."
    )
    minimum_ma = MilliampField(default=0, help_text="Served before the rest is shared.")
    until = models.DateTimeField(null=True, blank=True)
    reasons = SayingsField(help_text="Why the rule, or the manager, decided so.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["driver"],
                condition=Q(state__in=[EmergencyState.PENDING, EmergencyState.ACCEPTED]),
                name="emergency_one_open_per_driver",
            ),
            models.CheckConstraint(
                condition=~Q(state=EmergencyState.ACCEPTED) | Q(until__isnull=False),
                name="emergency_accepted_is_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.driver}: {self.reason}"
