from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import TenantModel
from evbalancer.common.units import PhaseMilliamps

QUARTER_HOURS = 96
HOURS = 24
WEEKDAYS = 7


def validate_curve(values: Any) -> None:
    if not (
        isinstance(values, list)
        and len(values) == QUARTER_HOURS
        and all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values)
    ):
        raise ValidationError(
            gettext("A load curve has 96 whole numbers of mA, one a quarter hour."), code="curve"
        )


def validate_week(days: Any) -> None:
    if not (
        isinstance(days, list)
        and len(days) == WEEKDAYS
        and all(
            isinstance(day, list)
            and len(day) == HOURS
            and all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in day)
            for day in days
        )
    ):
        raise ValidationError(
            gettext("A week has seven days of 24 whole numbers of mA, Monday first."), code="week"
        )


class MeterReading(TenantModel):
    """What a building meter measured: the load of a circuit that is not ours to control; below 0 it feeds in."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="readings")
    measured_at = models.DateTimeField()
    received_at = models.DateTimeField()
    base_load_l1_ma = models.IntegerField()
    base_load_l2_ma = models.IntegerField()
    base_load_l3_ma = models.IntegerField()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["circuit", "-received_at"], name="reading_newest_by_circuit"),
            models.Index(fields=["-received_at"], name="reading_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.circuit} at {clock.named(self.measured_at, '%F %T')}"

    @property
    def base_load_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.base_load_l1_ma, self.base_load_l2_ma, self.base_load_l3_ma)


class LoadCurve(TenantModel):
    """A circuit's expected building load, used where no meter is fitted and as forecast: an upper bound.

    A day of quarter hours, the same all week; or, where `week_ma` is given, by weekday and hour, on each phase.
    """

    circuit = models.OneToOneField("grid.Circuit", on_delete=models.PROTECT, related_name="load_curve")
    l1_ma = models.JSONField(validators=[validate_curve])
    l2_ma = models.JSONField(validators=[validate_curve])
    l3_ma = models.JSONField(validators=[validate_curve])

    week_ma = models.JSONField(null=True, blank=True, validators=[validate_week])

    def __str__(self) -> str:
        return f"Load curve of {self.circuit}"

    @property
    def highest_ma(self) -> PhaseMilliamps:
        """Of all the week, per phase."""
        week: Sequence[Sequence[int]] | None = self.week_ma
        if week is not None:
            each_ma = max(max(day) for day in week)
            return PhaseMilliamps(each_ma, each_ma, each_ma)
        return PhaseMilliamps(max(self.l1_ma), max(self.l2_ma), max(self.l3_ma))

    def at(self, moment: datetime, time_zone: str) -> PhaseMilliamps:
        """Load at that moment, by the clock where the community lives."""
        local = moment.astimezone(ZoneInfo(time_zone))
        week: Sequence[Sequence[int]] | None = self.week_ma
        if week is not None:
            each_ma = week[local.weekday()][local.hour]
            return PhaseMilliamps(each_ma, each_ma, each_ma)
        quarter = local.hour * 4 + local.minute // 15
        return PhaseMilliamps(self.l1_ma[quarter], self.l2_ma[quarter], self.l3_ma[quarter])
