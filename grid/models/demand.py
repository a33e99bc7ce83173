from django.core.validators import MinValueValidator
from django.db import models

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import TenantModel
from evbalancer.common.words.amounts import kilowatts
from evbalancer.common.words.choices import WordedNumbers


class MeteringInterval(WordedNumbers):
    QUARTER_HOUR = 15, "15 minutes"
    HALF_HOUR = 30, "30 minutes"
    HOUR = 60, "60 minutes"


class DemandTarget(TenantModel):
    """The highest mean power that a metering interval of a circuit may reach: what the grid operator bills."""

    circuit = models.OneToOneField("grid.Circuit", on_delete=models.PROTECT, related_name="demand_target")
    target_w = models.PositiveIntegerField(
        validators=[MinValueValidator(1_000)], help_text="Of building and cars together."
    )
    interval_min = models.PositiveSmallIntegerField(
        choices=MeteringInterval.choices,
        default=MeteringInterval.QUARTER_HOUR,
        help_text="As the grid operator measures; intervals begin on the hour.",
    )
    ratchet = models.BooleanField(
        default=False,
        help_text="A peak that the month has seen already is billed anyway: the target rises to it until the month ends.",
    )
    active = models.BooleanField(default=True)
    since = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(interval_min__in=MeteringInterval.values),
                name="demand_interval_known",
                violation_error_message="Billed peaks are means of 15, 30 or 60 minutes.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.circuit}: {kilowatts(self.target_w)}"


class DemandInterval(TenantModel):
    """A metering interval as it was counted; times without a reading count at their highest."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="demand_intervals")
    begin = models.DateTimeField()
    length_s = models.PositiveIntegerField()
    target_w = models.PositiveIntegerField(help_text="In force then, with the ratchet.")
    used_ws = models.BigIntegerField(default=0)
    load_w = models.IntegerField(default=0, help_text="At `counted_until`.")
    counted_until = models.DateTimeField()
    finished = models.BooleanField(default=False)
    cannot_hold = models.BooleanField(default=False)

    class Meta:
        ordering = ["-begin"]
        constraints = [models.UniqueConstraint(fields=["circuit", "begin"], name="demand_interval_once")]

    def __str__(self) -> str:
        return f"{self.circuit} from {clock.named(self.begin)}"

    @property
    def mean_w(self) -> int:
        """Of the whole interval, as if nothing more came."""
        return self.used_ws // self.length_s
