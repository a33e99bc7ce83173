from django.db import models

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import MilliampField, TenantQuerySet


class MeterMean(models.Model):
    """The meter values of a session, or of a connector without one, within five minutes or an hour: one row in their place.

    The first and the last register are kept with their moments, so that the energy between any two rows is exact. Values that were set
    aside are counted and are in no other figure. References have no constraint, as in `MeterValue`.
    """

    id = models.UUIDField(
        primary_key=True, editable=False, help_text="Made of what it stands for, so that late values find it."
    )
    community = models.ForeignKey(
        "grid.Community", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    connector = models.ForeignKey(
        "chargers.Connector",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    session = models.ForeignKey(
        "chargers.Session",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    begins_at = models.DateTimeField(help_text="By the charger's clock, as the moments below.")
    span_s = models.PositiveSmallIntegerField(help_text="300, or 3600 after the years of the five minutes.")
    values = models.PositiveIntegerField(help_text="How many it stands for.")
    set_aside = models.PositiveIntegerField(default=0, help_text="How many of them are not billed.")
    first_at = models.DateTimeField(null=True, help_text="Of the first register.")
    first_wh = models.BigIntegerField(null=True)
    last_at = models.DateTimeField(null=True, help_text="Of the last register.")
    last_wh = models.BigIntegerField(null=True)
    power_w = models.IntegerField(null=True, help_text="Mean of the values that told it.")
    most_power_w = models.IntegerField(null=True)
    powers = models.PositiveIntegerField(default=0, help_text="How many values told a power.")
    current_l1_ma = MilliampField(null=True)
    current_l2_ma = MilliampField(null=True)
    current_l3_ma = MilliampField(null=True)
    currents = models.PositiveIntegerField(default=0, help_text="How many values told currents.")
    charge_pct = models.PositiveSmallIntegerField(null=True, help_text="The last one.")

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-begins_at"]
        indexes = [
            models.Index(fields=["session", "begins_at"], name="mean_by_session"),
            models.Index(fields=["connector", "first_at"], name="mean_by_connector"),
            models.Index(fields=["span_s", "begins_at", "id"], name="mean_oldest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_id} at {clock.named(self.begins_at, '%F %T')}"
