from django.db import models
from django.utils.translation import gettext_lazy

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import MilliampField, TenantModel
from evbalancer.common.words.inputs import Range
from fleet.enums import ChargeState, PlugState, ReadingSource

YEAR = Range(1990, 2100, gettext_lazy("A year from 1990 to 2100."))
BATTERY = Range(1_000, 500_000, gettext_lazy("From 1 to 500 kWh."))
PHASES = Range(1, 3, gettext_lazy("From 1 to 3 phases."))
CURRENT = Range(6_000, 80_000, gettext_lazy("From 6 to 80 A."))


class Vehicle(TenantModel):
    """A driver's car: what it can take, and what we last knew of it, with age and source."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="vehicles")
    connection = models.ForeignKey(
        "fleet.SmartcarConnection",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="vehicles",
    )
    smartcar_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=80)
    make = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=60, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True, validators=YEAR.validators)
    battery_wh = models.PositiveIntegerField(null=True, blank=True, validators=BATTERY.validators)
    phases = models.PositiveSmallIntegerField(
        default=1, help_text="Phases of the on-board charger: 1, 2 or 3.", validators=PHASES.validators
    )
    max_current_ma = MilliampField(
        default=16_000, help_text="Per phase, of the on-board charger.", validators=CURRENT.validators
    )
    charge_pct = models.PositiveSmallIntegerField(null=True, blank=True)
    charge_at = models.DateTimeField(null=True, blank=True)
    charge_source = models.CharField(max_length=10, choices=ReadingSource.choices, blank=True)
    range_km = models.PositiveIntegerField(null=True, blank=True)
    odometer_km = models.PositiveIntegerField(null=True, blank=True)
    charge_limit_pct = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Where the car itself stops charging."
    )
    plug_state = models.CharField(max_length=10, choices=PlugState.choices, default=PlugState.UNKNOWN)
    charge_state = models.CharField(max_length=14, choices=ChargeState.choices, default=ChargeState.UNKNOWN)
    plug_at = models.DateTimeField(
        null=True, blank=True, help_text="When the car reported whether it is plugged in."
    )
    charging_at = models.DateTimeField(
        null=True, blank=True, help_text="When the car reported whether it charges."
    )
    facts_at = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="When it reported range, odometer and charge limit.",
    )
    plugged_since = models.DateTimeField(
        null=True, blank=True, help_text="The first report of the present plug state."
    )
    shares_location = models.BooleanField(
        default=False, help_text="The driver lets us ask whether the car is here. Where it is is not kept."
    )
    is_here = models.BooleanField(null=True, blank=True)
    here_at = models.DateTimeField(null=True, blank=True)
    learned_battery_wh = models.PositiveIntegerField(
        null=True, blank=True, help_text="From sessions of this car."
    )
    least_ma = MilliampField(
        null=True,
        blank=True,
        editable=False,
        help_text="Learnt: below this limit the car falls asleep, at this it wakes.",
    )
    taper = models.JSONField(
        default=dict, blank=True, help_text="Most power in W that the car took from this charge level on."
    )
    polled_at = models.DateTimeField(null=True, blank=True, help_text="When the provider was last asked.")
    wait_until = models.DateTimeField(
        null=True, blank=True, help_text="The provider wants no call before then."
    )
    wait_reason = models.CharField(max_length=40, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Calls in a row without an answer.")
    calls_month = models.DateField(null=True, blank=True)
    calls_in_month = models.PositiveIntegerField(default=0)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(phases__range=(1, 3)),
                name="vehicle_phases_1_to_3",
                violation_error_message="A car charges on 1 to 3 phases.",
            ),
            models.CheckConstraint(
                condition=models.Q(charge_pct__isnull=True) | models.Q(charge_pct__lte=100),
                name="vehicle_charge_at_most_100_pct",
                violation_error_message="A battery is at most 100 % full.",
            ),
            models.UniqueConstraint(
                fields=["community", "smartcar_id"],
                condition=~models.Q(smartcar_id="") & models.Q(retired_at__isnull=True),
                name="vehicle_smartcar_id_once",
                violation_error_message="This car is linked to another vehicle.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def usable_wh(self) -> int | None:
        """What the battery holds: by the driver's or the car's word, else as learned from sessions."""
        return self.battery_wh or self.learned_battery_wh


class VehicleReading(TenantModel):
    """History of what a car reported."""

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="readings")
    measured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=ReadingSource.choices)
    charge_pct = models.PositiveSmallIntegerField(null=True, blank=True)
    range_km = models.PositiveIntegerField(null=True, blank=True)
    odometer_km = models.PositiveIntegerField(null=True, blank=True)
    plug_state = models.CharField(max_length=10, choices=PlugState.choices, default=PlugState.UNKNOWN)
    charge_state = models.CharField(max_length=14, choices=ChargeState.choices, default=ChargeState.UNKNOWN)
    charge_limit_pct = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-measured_at"]
        indexes = [
            models.Index(fields=["vehicle", "-measured_at"], name="vehicle_reading_newest"),
            models.Index(fields=["measured_at", "id"], name="vehicle_reading_oldest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} at {clock.named(self.measured_at, '%F %T')}"
