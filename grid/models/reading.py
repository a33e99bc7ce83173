from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from evbalancer.common.fields import MilliampField, TenantModel
from evbalancer.common.units import PhaseMilliamps

QUARTER_HOURS = 96


def validate_curve(values: Any) -> None:
    if not (
        isinstance(values, list)
        and len(values) == QUARTER_HOURS
        and all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values)
    ):
        raise ValidationError("A load curve has 96 whole numbers of mA, one a quarter hour.", code="curve")


class MeterReading(TenantModel):
    """What a building meter measured: the load of a circuit that is not ours to control."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="readings")
    measured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    base_load_l1_ma = MilliampField()
    base_load_l2_ma = MilliampField()
    base_load_l3_ma = MilliampField()

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["circuit", "-received_at"], name="reading_newest_by_circuit")]

    def __str__(self) -> str:
        return f"{self.circuit} at {self.measured_at:%F %T}"

    @property
    def base_load_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.base_load_l1_ma, self.base_load_l2_ma, self.base_load_l3_ma)


class LoadCurve(TenantModel):
    """A circuit's expected building load by local quarter hour, used where no meter is fitted and as forecast."""

    circuit = models.OneToOneField("grid.Circuit", on_delete=models.PROTECT, related_name="load_curve")
    l1_ma = models.JSONField(validators=[validate_curve])
    l2_ma = models.JSONField(validators=[validate_curve])
    l3_ma = models.JSONField(validators=[validate_curve])

    def __str__(self) -> str:
        return f"Load curve of {self.circuit}"

    def at_quarter(self, quarter: int) -> PhaseMilliamps:
        """Load in local quarter hour 0..95 of the day."""
        return PhaseMilliamps(self.l1_ma[quarter], self.l2_ma[quarter], self.l3_ma[quarter])
