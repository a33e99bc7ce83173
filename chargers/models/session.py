from datetime import datetime
from uuid import uuid4

from django.db import models
from django.db.models import Q

from chargers.enums import DrawSource, EnergyDoubt, SessionState
from drivers.enums import AuthorizationStatus
from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import MilliampField, TenantModel
from evbalancer.common.units import PhaseMilliamps

OPEN_STATES = (SessionState.PLUGGED_IN, SessionState.ACTIVE, SessionState.FINISHED)


class TransactionNumber(models.Model):
    """Source of OCPP 1.6's transactionId: an int32 of the database, never derived from a clock."""

    id = models.AutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class Session(TenantModel):
    """A car on a connector with one transaction. Times of the charger and of ours are both kept; bills use a sane one.

    The stay lasts from plug to unplug: its sessions share `stay_id` (see `chargers.domain.sessions.plug_ins`).
    """

    connector = models.ForeignKey("chargers.Connector", on_delete=models.PROTECT, related_name="sessions")
    driver = models.ForeignKey(
        "drivers.Driver",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
    )
    vehicle = models.ForeignKey(
        "fleet.Vehicle",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="sessions",
    )
    state = models.CharField(max_length=12, choices=SessionState.choices, default=SessionState.PLUGGED_IN)
    state_since = models.DateTimeField()
    plugged_at = models.DateTimeField()

    stay_id = models.UUIDField(
        default=uuid4,
        db_index=True,
        editable=False,
        help_text="The same for every transaction of a car from plug to unplug.",
    )
    stay_began_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Empty for the first transaction of a stay."
    )
    energy_before_wh = models.PositiveIntegerField(
        default=0, editable=False, help_text="Energy of earlier transactions of the same stay."
    )

    transaction_id = models.IntegerField(null=True, blank=True, unique=True, help_text="OCPP 1.6's, int32.")
    transaction_uid = models.CharField(
        max_length=36, blank=True, help_text="OCPP 2's, chosen by the charger."
    )
    events_heard = models.TextField(
        blank=True,
        editable=False,
        help_text="OCPP 2: numbers of the events that came; a hole is one that did not.",
    )
    event_marks = models.TextField(
        blank=True,
        editable=False,
        help_text="OCPP 2: type and time of the newest events, by which a repetition is told from another count.",
    )
    id_tag = models.CharField(max_length=36, blank=True)
    verdict = models.CharField(
        max_length=20,
        choices=AuthorizationStatus.choices,
        blank=True,
        editable=False,
        help_text="The answer to the card that it began with, or to a later one; empty if no card was asked about.",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    charger_started_at = models.DateTimeField(null=True, blank=True, help_text="By the charger's clock.")
    meter_start_wh = models.BigIntegerField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    charger_stopped_at = models.DateTimeField(null=True, blank=True, help_text="By the charger's clock.")
    meter_stop_wh = models.BigIntegerField(null=True, blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    ended_sated = models.BooleanField(
        default=False, editable=False, help_text="When its transaction ended, the car itself took no more."
    )
    unplugged_at = models.DateTimeField(null=True, blank=True)
    clock_suspect = models.BooleanField(default=False)
    seems_over_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Since when its charger, after a boot, says that no transaction runs.",
    )

    energy_wh = models.PositiveIntegerField(default=0)
    exported_wh = models.PositiveIntegerField(
        "energy fed back",
        null=True,
        editable=False,
        help_text="By the meter's register of export, since it was first told; empty if it never was.",
    )
    export_start_wh = models.BigIntegerField(
        null=True, editable=False, help_text="The register of export when it was first told."
    )
    energy_doubt = models.CharField(max_length=12, choices=EnergyDoubt.choices, blank=True, editable=False)
    power_w = models.PositiveIntegerField(null=True, blank=True)
    current_l1_ma = MilliampField(null=True, blank=True, help_text="As measured, on the grid's L1.")
    current_l2_ma = MilliampField(null=True, blank=True)
    current_l3_ma = MilliampField(null=True, blank=True)
    charge_pct = models.PositiveSmallIntegerField(null=True, blank=True)
    metered_at = models.DateTimeField(null=True, blank=True)
    draw_source = models.CharField(
        max_length=12,
        choices=DrawSource.choices,
        blank=True,
        editable=False,
        help_text="The source of the currents.",
    )
    drawn_at = models.DateTimeField(
        null=True, editable=False, help_text="When power and currents were measured."
    )
    phases_seen = models.CharField(
        max_length=3,
        blank=True,
        help_text="Grid phases on which this car was seen to draw, as R, S and T.",
    )

    needs = models.JSONField(
        null=True,
        editable=False,
        help_text="What its car asked for by ISO 15118: energy, currents, power and departure.",
    )

    class Meta:
        ordering = ["-plugged_at"]
        indexes = [
            models.Index(fields=["community", "-plugged_at"], name="session_newest_by_community"),
            models.Index(fields=["driver", "-plugged_at"], name="session_newest_by_driver"),
            models.Index(fields=["-plugged_at"], name="session_newest_first"),
            models.Index(fields=["connector", "transaction_uid"], name="session_by_uid"),
            # The few that have not ended, among those of years. No partial index: see ChargerCommand.
            models.Index(fields=["state", "stopped_at"], name="session_by_state"),
            models.Index(fields=["unplugged_at"], name="session_by_departure"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["connector"],
                condition=Q(state__in=OPEN_STATES),
                name="session_one_open_per_connector",
            ),
            # A replayed StartTransaction has the same business key, whatever its message id (field case 20).
            models.UniqueConstraint(
                fields=["connector", "id_tag", "charger_started_at", "meter_start_wh"],
                condition=Q(charger_started_at__isnull=False, transaction_uid=""),
                name="session_once_per_start",
            ),
            models.UniqueConstraint(
                fields=["connector", "transaction_uid"],
                condition=~Q(transaction_uid=""),
                name="session_once_per_transaction_uid",
            ),
            models.CheckConstraint(
                condition=~Q(state=SessionState.ACTIVE) | Q(started_at__isnull=False),
                name="session_active_has_started",
            ),
        ]

    @property
    def last_word_at(self) -> datetime:
        """When its charger last spoke of it, by our clock."""
        return max(filter(None, (self.metered_at, self.state_since)))

    def __str__(self) -> str:
        return f"{self.connector} since {clock.named(self.plugged_at)}"

    @property
    def is_refused(self) -> bool:
        """Its card was not accepted: it is granted the fallback alone, and stopped if it goes on."""
        return self.verdict not in ("", AuthorizationStatus.ACCEPTED)

    @property
    def current_ma(self) -> PhaseMilliamps:
        """As last measured on the grid's phases. Whether it was, and is of now: `chargers.domain.metering.draws.draw_now`."""
        return PhaseMilliamps(self.current_l1_ma or 0, self.current_l2_ma or 0, self.current_l3_ma or 0)

    @property
    def stay_energy_wh(self) -> int:
        """The energy that the car received since it was plugged in, over every transaction up to this one."""
        return self.energy_before_wh + self.energy_wh

    @property
    def stay_since(self) -> datetime:
        return self.stay_began_at or self.plugged_at


class StrayDraw(TenantModel):
    """What was last measured on a connector while no transaction ran on it."""

    # Without a constraint in the database: the writer of meter values would wait for a rebalance that holds the connector.
    connector = models.OneToOneField(
        "chargers.Connector", on_delete=models.PROTECT, db_constraint=False, related_name="stray_draw"
    )
    current_l1_ma = MilliampField(default=0)
    current_l2_ma = MilliampField(default=0)
    current_l3_ma = MilliampField(default=0)
    power_w = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=12, choices=DrawSource.choices)
    drawn_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.connector_id} at {clock.named(self.drawn_at, '%F %T')}"

    @property
    def current_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.current_l1_ma, self.current_l2_ma, self.current_l3_ma)


class WaitingStart(TenantModel):
    """OCPP 2: the events of a transaction before any of them named an EVSE."""

    charge_point = models.ForeignKey("chargers.ChargePoint", on_delete=models.PROTECT, related_name="+")
    uid = models.CharField(max_length=36)
    received_at = models.DateTimeField()
    id_tag = models.CharField(max_length=255, null=True)  # noqa: DJ001 (none shown is not none needed)
    charger_at = models.DateTimeField(null=True)
    meter_wh = models.BigIntegerField(null=True)
    reservation_number = models.IntegerField(null=True)
    events_heard = models.TextField(blank=True)
    event_marks = models.TextField(blank=True)
    signed = models.JSONField(default=list, help_text="The values that the meter signed so far.")
    payload = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charge_point", "uid"], name="waiting_start_once_per_uid"),
        ]

    def __str__(self) -> str:
        return f"{self.uid} since {clock.named(self.received_at, '%F %T')}"
