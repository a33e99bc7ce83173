from django.db import models
from django.db.models import F, Q

from evbalancer.common.clocks import clock
from evbalancer.common.db.fields import SaidField, TenantModel
from evbalancer.common.words.amounts import kwh
from evbalancer.common.words.telling import tell_or
from scheduling.enums import SlotState

WAITING_SLOT_STATES = (SlotState.PROMISED, SlotState.PARTLY_PROMISED, SlotState.QUEUED)
OPEN_SLOT_STATES = (*WAITING_SLOT_STATES, SlotState.ACTIVE)


class SlotRequest(TenantModel):
    """A driver's wish and what was promised for it. Moves only along `scheduling.transitions`."""

    cluster = models.ForeignKey("grid.Cluster", on_delete=models.PROTECT, related_name="slot_requests")
    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="slot_requests")
    vehicle = models.ForeignKey(
        "fleet.Vehicle", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    connector = models.ForeignKey(
        "chargers.Connector",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="slot_requests",
        help_text="Any connector of the cluster when empty.",
    )
    planned_connector = models.ForeignKey(
        "chargers.Connector",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where the plan reserves its energy. A booked one can't change, another may.",
    )
    session = models.ForeignKey(
        "chargers.Session",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="slot_requests",
    )
    energy_wh = models.PositiveIntegerField()
    promised_wh = models.PositiveIntegerField(default=0)
    expected_wh = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="The rest of the promise, once it can no longer be kept in full.",
    )
    received_wh = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="Over the whole stay, once the slot is settled.",
    )
    flexible = models.BooleanField(default=True, help_text="A part, or a place in the queue, is welcome too.")
    not_before = models.DateTimeField()
    ready_by = models.DateTimeField()
    state = models.CharField(max_length=16, choices=SlotState.choices)
    state_since = models.DateTimeField()
    why = models.CharField(
        max_length=300, blank=True, editable=False, help_text="As it was written before facts were kept."
    )
    why_said = SaidField(help_text="Why less of it is promised, or why it ended.")
    offer = models.JSONField(null=True, blank=True, help_text="The nearest offer that fits, when refused.")
    price_publication = models.ForeignKey(
        "pricing.PricePublication",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The prices that it was booked by: it never pays more, whatever is published later.",
    )
    reservation_number = models.PositiveIntegerField(
        null=True,
        unique=True,
        editable=False,
        help_text="OCPP's, once the charger was asked to keep the connector for it.",
    )
    hindered_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the place, or each place, first could not be used since the slot began: nobody is charged for it.",
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(
                fields=["cluster", "ready_by"], condition=Q(state__in=OPEN_SLOT_STATES), name="slot_open"
            ),
            models.Index(fields=["driver", "-created_at"], name="slot_newest_by_driver"),
            # SQLite uses no index whose condition comes as a parameter, and jobs ask for all clusters.
            models.Index(fields=["state", "state_since"], name="slot_by_state"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(energy_wh__gt=0), name="slot_energy_positive"),
            models.CheckConstraint(
                condition=Q(promised_wh__lte=F("energy_wh")), name="slot_promise_within_wish"
            ),
            models.CheckConstraint(
                condition=Q(ready_by__gt=F("not_before")), name="slot_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{kwh(self.energy_wh)} by {clock.named(self.ready_by)}"

    @property
    def why_told(self) -> str:
        """In the language that is active."""
        return tell_or(self.why_said, self.why)
