from django.db import models

from evbalancer.common.db.fields import UUIDModel


class Make(UUIDModel):
    """A make of charge point and what was learnt of it with real transactions. Nothing is believed before it was tried."""

    vendor = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=50, blank=True)
    honours_relative = models.BooleanField(
        null=True, help_text="The fallback may begin with 0 A and rise later."
    )
    honours_duration = models.BooleanField(null=True, help_text="A limit ends when its duration is over.")
    keeps_transaction_at_zero = models.BooleanField(
        null=True, help_text="0 A pauses the car; on some makes it ends the transaction."
    )
    ended_at_zero = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Transactions in a row that ended soon after 0 A without a stop."
    )
    measurands = models.CharField(
        max_length=300,
        blank=True,
        help_text="The measurands that it took; the next charge point of this make is configured so at once.",
    )
    told_firmware = models.CharField(
        max_length=50, blank=True, help_text="The firmware that said and took all this."
    )
    clock_error_s = models.PositiveSmallIntegerField(default=3, help_text="How wrong its clock may be.")
    rung = models.PositiveSmallIntegerField(default=0, help_text="The way of writing profiles that it takes.")
    station_way = models.PositiveSmallIntegerField(
        default=0, help_text="The way of writing a maximum of the whole charge point that it takes."
    )
    takes_station_limit = models.BooleanField(
        null=True, help_text="It takes a maximum of the whole charge point."
    )
    keeps_limits_apart = models.BooleanField(
        null=True, help_text="A limit stays when another connector of the charge point is given one."
    )
    shows_idle_fallback = models.BooleanField(
        null=True, help_text="While nothing runs it says what it would grant a new transaction."
    )
    feature_profiles = models.CharField(
        max_length=200, blank=True, help_text="The parts of OCPP that it says it has."
    )
    max_stack_level = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The highest stack level that it says it takes."
    )
    rate_units = models.CharField(
        max_length=200, blank=True, help_text="Units of limits that it reports: Current, Power or both."
    )
    tried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["vendor", "model"]
        constraints = [models.UniqueConstraint(fields=["vendor", "model"], name="make_once")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.model}".strip() or "unknown make"
