from django.db import models

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import SayingsField, TenantModel
from fleet.enums import ToldBy


class Stay(TenantModel):
    """Which car a charging session is of, as far as we can tell. Sessions belong to a higher app: their id is all we have.

    `needed_by`: a plan depends on what the car holds until then, so its state is worth calls.
    """

    session_id = models.UUIDField(unique=True)
    driver = models.ForeignKey(
        "drivers.Driver", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    vehicle = models.ForeignKey(
        "fleet.Vehicle", on_delete=models.PROTECT, null=True, blank=True, related_name="stays"
    )
    confidence_pct = models.PositiveSmallIntegerField(default=0)
    told_by = models.CharField(max_length=8, choices=ToldBy.choices, blank=True, default=ToldBy.NOBODY)
    why = SayingsField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    needed_by = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-began_at"]
        indexes = [
            models.Index(fields=["vehicle", "ended_at"], name="stay_by_vehicle"),
            models.Index(fields=["driver", "ended_at"], name="stay_by_driver"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(confidence_pct__lte=100), name="stay_confidence_at_most_100_pct"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle or 'A car'} since {clock.named(self.began_at)}"


class VehicleLesson(TenantModel):
    """What one session taught about a car: its capacity, and how its power falls towards full."""

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="lessons")
    session_id = models.UUIDField(unique=True)
    learned_at = models.DateTimeField()
    energy_wh = models.PositiveIntegerField()
    from_pct = models.PositiveSmallIntegerField()
    to_pct = models.PositiveSmallIntegerField()
    battery_wh = models.PositiveIntegerField()
    taper = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-learned_at"]
        indexes = [models.Index(fields=["vehicle", "-learned_at"], name="lesson_newest")]

    def __str__(self) -> str:
        return f"{self.vehicle}: {self.battery_wh} Wh"
