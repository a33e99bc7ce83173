from typing import TypeVar

from django.db import models

from chargers.enums import CommandKind, CommandState, LaterState
from chargers.orders import read_order
from chargers.orders.base import Order
from evbalancer.common.db.fields import MilliampField, TenantModel
from evbalancer.common.ids import ordered_uuid
from grid.enums import ActorKind

O = TypeVar("O", bound=Order)  # noqa: E741 (an order)
OPEN_STATES = (CommandState.QUEUED, CommandState.SENT)
# It was given up before it was sent, so its charger never heard of it.
NEVER_SENT_STATES = (CommandState.EXPIRED, CommandState.SUPERSEDED)


class ChargerCommand(TenantModel):
    """Something a charge point is asked to do. The row is the truth; the nudge to the socket may get lost."""

    # In the order of queueing: several are queued in one moment, and a fallback is written before it is read back.
    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    charge_point = models.ForeignKey(
        "chargers.ChargePoint", on_delete=models.PROTECT, db_index=False, related_name="commands"
    )
    connector = models.ForeignKey(
        "chargers.Connector",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="commands",
    )
    session = models.ForeignKey(
        "chargers.Session",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="commands",
    )
    kind = models.CharField(max_length=24, choices=CommandKind.choices)
    arguments = models.JSONField(default=dict, help_text="The fields of its order; see chargers.orders.")
    limit_ma = MilliampField(null=True, blank=True, help_text="Of limit commands: per phase.")
    ends_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Of limits: when the limit ends; with the transaction if empty.",
    )
    idempotency_key = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=12, choices=CommandState.choices, default=CommandState.QUEUED)
    requested_by = models.CharField(
        max_length=150, help_text="The actor's name; kind and id identify the actor."
    )
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices, blank=True, editable=False)
    actor_id = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="A user's key, or the name of one of our own jobs.",
    )
    queued_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="No longer sent from here on.")
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    connection_id = models.UUIDField(null=True, blank=True, help_text="Of the socket that claimed it.")
    result = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    later_state = models.CharField(
        max_length=8,
        choices=LaterState.choices,
        blank=True,
        editable=False,
        help_text="What its charge point told after the answer: of an update, an upload or a report.",
        default="",
        db_default="",
    )
    later_word = models.CharField(
        max_length=40, blank=True, editable=False, help_text="In OCPP's words.", default="", db_default=""
    )
    later_at = models.DateTimeField(null=True, editable=False)
    later_parts = models.JSONField(
        null=True, editable=False, help_text="What was reported afterwards, part by part."
    )

    class Meta:
        ordering = ["-queued_at"]
        indexes = [
            # What waits, of all charge points. No partial index: SQLite uses none whose condition comes as a parameter.
            models.Index(fields=["state", "expires_at"], name="command_by_state"),
            # What was asked of it last, whatever its history holds besides.
            models.Index(fields=["charge_point", "kind", "queued_at"], name="command_by_kind"),
            models.Index(fields=["connector", "kind", "queued_at"], name="command_by_connector"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("queued_at")),
                name="command_expires_after_queued",
            ),
            models.UniqueConstraint(
                fields=["connector"],
                condition=models.Q(kind=CommandKind.SET_LIMIT, state=CommandState.QUEUED),
                name="command_one_queued_limit_per_connector",
            ),
        ]

    def is_of_job(self, job: str) -> bool:
        """Whether one of our own jobs asked for it. A user may be called like a job."""
        return (self.actor_kind, self.actor_id) == (ActorKind.SYSTEM, job)

    def read_as(self, order: type[O]) -> O | None:
        """The order that it stands for; None where that is another one, or can't be read."""
        found = read_order(CommandKind(self.kind), self.arguments)
        return found if isinstance(found, order) else None

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"
