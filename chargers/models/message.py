from uuid import uuid4

from django.db import models

from chargers.enums import MessageDirection
from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import MilliampField, TenantModel, TenantQuerySet


class Metered(models.Model):
    """Of what a connector's meter told. References have no database constraint: thousands of rows a second are copied in, and their
    parents are never deleted."""

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

    objects = TenantQuerySet.as_manager()

    class Meta:
        abstract = True


class MeterValue(Metered):
    """One MeterValues message, normalised, on the grid's phases. Nothing points here.

    The key begins with the time of receipt, so the table can be partitioned by month.
    """

    pk = models.CompositePrimaryKey("received_at", "id")
    received_at = models.DateTimeField()
    id = models.UUIDField(default=uuid4, editable=False)
    measured_at = models.DateTimeField(help_text="By the charger's clock.")
    context = models.CharField(max_length=24, blank=True)
    energy_wh = models.BigIntegerField(null=True, help_text="Register, as the charger counts.")
    power_w = models.IntegerField(null=True)
    current_l1_ma = MilliampField(null=True)
    current_l2_ma = MilliampField(null=True)
    current_l3_ma = MilliampField(null=True)
    voltage_l1_mv = models.PositiveIntegerField(null=True)
    voltage_l2_mv = models.PositiveIntegerField(null=True)
    voltage_l3_mv = models.PositiveIntegerField(null=True)
    offered_ma = MilliampField(null=True, help_text="Current.Offered: what the charger tells the car.")
    charge_pct = models.PositiveSmallIntegerField(null=True)
    quarantine = models.CharField(
        max_length=40, blank=True, help_text="Why this row is not billed, if it is not."
    )

    class Meta:
        indexes = [models.Index(fields=["session", "received_at"], name="meter_value_by_session")]

    def __str__(self) -> str:
        return f"{self.connector_id} at {clock.named(self.measured_at, '%F %T')}"


class MeterMean(Metered):
    """The meter values of a session, or of a connector without one, within five minutes or an hour: one row in their place.

    The first and the last register are kept with their moments, so that the energy between any two rows is exact. Values that were set
    aside are counted and are in no other figure.
    """

    id = models.UUIDField(
        primary_key=True, editable=False, help_text="Made of what it stands for, so that late values find it."
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

    class Meta:
        ordering = ["-begins_at"]
        indexes = [
            models.Index(fields=["session", "begins_at"], name="mean_by_session"),
            models.Index(fields=["connector", "first_at"], name="mean_by_connector"),
            models.Index(fields=["span_s", "begins_at", "id"], name="mean_oldest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.connector_id} at {clock.named(self.begins_at, '%F %T')}"


class OcppMessage(models.Model):
    """The OCPP log of a charge point. MeterValues and Heartbeats are left out: they have tables of their own."""

    charge_point = models.ForeignKey(
        "chargers.ChargePoint",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="messages",
    )
    community = models.ForeignKey(
        "grid.Community", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField()
    direction = models.CharField(max_length=3, choices=MessageDirection.choices)
    action = models.CharField(max_length=48)
    unique_id = models.CharField(max_length=36)
    payload = models.JSONField(null=True)
    error = models.CharField(max_length=300, blank=True)
    corrections = models.JSONField(
        null=True,
        blank=True,
        help_text="Corrections that were needed to read it; the payload is as it came.",
    )
    answered_ms = models.PositiveIntegerField(null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["charge_point", "-at"], name="message_newest_by_charger")]

    def __str__(self) -> str:
        return f"{self.action} {self.unique_id}"


class OrphanMessage(TenantModel):
    """A transaction message that matches nothing we know: confirmed, kept, and shown to a manager."""

    charge_point = models.ForeignKey("chargers.ChargePoint", on_delete=models.PROTECT, related_name="orphans")
    received_at = models.DateTimeField()
    action = models.CharField(max_length=48)
    why = models.CharField(max_length=120)
    payload = models.JSONField()
    digest = models.CharField(max_length=64, help_text="Of the payload: a repeated message is one row.")
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-received_at"]
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "digest"], name="orphan_once_per_payload"),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.why}"
