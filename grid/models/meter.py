from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel
from grid.enums import MeterSource, MeterUnit, ModbusPreset


class Meter(TenantModel):
    """A building meter that we read ourselves. Its address is one of the local network, so operators alone set it."""

    circuit = models.OneToOneField("grid.Circuit", on_delete=models.PROTECT, related_name="meter")
    source = models.CharField(max_length=8, choices=MeterSource.choices)
    host = models.CharField(max_length=253, help_text="Name or address on the local network.")
    port = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(65_535)],
        help_text="Empty: 1883 or 8883 (MQTT), 502 (Modbus), 23 (P1).",
    )
    use_tls = models.BooleanField(default=False, help_text="MQTT only; the broker's certificate is checked.")
    username = models.CharField(max_length=100, blank=True)
    password_encrypted = models.TextField(blank=True, editable=False)
    unit = models.CharField(max_length=1, choices=MeterUnit.choices, default=MeterUnit.WATT)
    power_factor_pct = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(50), MaxValueValidator(100)],
        help_text="For meters that say watts: current is watts by volts by this. Empty: 100. 90 where motors and lamps are much of the load.",
    )
    preset = models.CharField(
        max_length=16, choices=ModbusPreset.choices, blank=True, help_text="Modbus only."
    )
    device_id = models.PositiveSmallIntegerField(
        default=1, validators=[MaxValueValidator(247)], help_text="Modbus only."
    )
    place_l1 = models.CharField(
        max_length=200,
        blank=True,
        help_text=(
            "Where L1 stands. MQTT: a topic, and where its messages are JSON, # and a pointer: tele/meter/SENSOR#/power/l1. "
            "Where it is published on change only, then keep and for how many seconds a value counts; at and a pointer to the message's "
            "own time: meter/l1#/a keep 600 at /ts. "
            "Modbus without a preset: input or holding, address, type, factor, word order: input 12 float32 1 big. "
            "SunSpec: the register of the scale factor instead of a factor: holding 40087 int16 sf:40091."
        ),
    )
    place_l2 = models.CharField(
        max_length=200,
        blank=True,
        help_text="Empty where the phase is not measured: the building's configured maximum counts, 0 if it is not connected.",
    )
    place_l3 = models.CharField(max_length=200, blank=True)
    every_s = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
        help_text="Between two readings that are kept.",
    )
    active = models.BooleanField(default=True)
    error = models.CharField(max_length=200, blank=True, editable=False)
    error_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.get_source_display()} of {self.circuit}"

    @property
    def places(self) -> tuple[str, str, str]:
        return self.place_l1, self.place_l2, self.place_l3
