from django.db import models
from django.db.models import Q

from chargers.enums import SessionState
from evbalancer.common.fields import MilliampField, TenantModel
from evbalancer.common.units import PhaseMilliamps

OPEN_STATES = (SessionState.PLUGGED_IN, SessionState.ACTIVE, SessionState.FINISHED)


class TransactionNumber(models.Model):
    """Source of OCPP 1.6's transactionId: an int32 of the database, never derived from a clock."""

    id = models.AutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class Session(TenantModel):
    """One car's stay on a connector. Times of the charger and of ours are both kept; bills use a sane one."""

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

    transaction_id = models.IntegerField(null=True, blank=True, unique=True, help_text="OCPP 1.6's, int32.")
    transaction_uid = models.CharField(
        max_length=36, blank=True, help_text="OCPP 2's, chosen by the charger."
    )
    events_heard = models.TextField(
        blank=True,
        editable=False,
        help_text="OCPP 2: numbers of the events that came; a hole is one that did not.",
    )
    id_tag = models.CharField(max_length=36, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    charger_started_at = models.DateTimeField(null=True, blank=True, help_text="By the charger's clock.")
    meter_start_wh = models.BigIntegerField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    charger_stopped_at = models.DateTimeField(null=True, blank=True, help_text="By the charger's clock.")
    meter_stop_wh = models.BigIntegerField(null=True, blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    unplugged_at = models.DateTimeField(null=True, blank=True)
    clock_suspect = models.BooleanField(default=False)

    energy_wh = models.PositiveIntegerField(default=0)
    power_w = models.PositiveIntegerField(null=True, blank=True)
    current_l1_ma = MilliampField(null=True, blank=True, help_text="As measured, on the grid's L1.")
    current_l2_ma = MilliampField(null=True, blank=True)
    current_l3_ma = MilliampField(null=True, blank=True)
    charge_pct = models.PositiveSmallIntegerField(null=True, blank=True)
    metered_at = models.DateTimeField(null=True, blank=True)
    phases_seen = models.CharField(
        max_length=3,
        blank=True,
        help_text="Grid phases on which this car was seen to draw, as R, S and T.",
    )

    class Meta:
        ordering = ["-plugged_at"]
        indexes = [
            models.Index(fields=["community", "-plugged_at"], name="session_newest_by_community"),
            models.Index(fields=["driver", "-plugged_at"], name="session_newest_by_driver"),
            models.Index(fields=["connector", "transaction_uid"], name="session_by_uid"),
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

    def __str__(self) -> str:
        return f"{self.connector} since {self.plugged_at:%F %H:%M}"

    @property
    def current_ma(self) -> PhaseMilliamps:
        """As last measured on the grid's phases; nothing counts as zero, see `metered_at` for its age."""
        return PhaseMilliamps(self.current_l1_ma or 0, self.current_l2_ma or 0, self.current_l3_ma or 0)
