from django.conf import settings
from django.db import models

from evbalancer.common.db.fields import MilliampField, SaidField, TenantModel
from evbalancer.common.units import PhaseMilliamps
from evbalancer.common.words.amounts import amps
from evbalancer.common.words.telling import tell_or
from grid.enums import LimitSource


class TemporaryLimit(TenantModel):
    """A lower limit for a while. Never edited: it is cancelled, and another one is imposed."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="temporary_limits")
    limit_l1_ma = MilliampField()
    limit_l2_ma = MilliampField()
    limit_l3_ma = MilliampField()
    source = models.CharField(max_length=20, choices=LimitSource.choices, default=LimitSource.MANAGER)
    reason = models.CharField(max_length=200, blank=True, help_text="The words of who imposed it.")
    reason_said = SaidField(help_text="The system's reason, where nobody wrote one.")
    button = models.CharField(
        max_length=20,
        blank=True,
        editable=False,
        help_text="The button that imposed it and takes back its own; empty for all others.",
    )
    announced_at = models.DateTimeField(help_text="From here on the balancer works towards it.")
    effective_at = models.DateTimeField(
        help_text="From here on it holds even without contact, and is judged. Brought forward when the chargers have confirmed."
    )
    uncovered_ma = MilliampField(
        default=0,
        editable=False,
        help_text="Possible load beyond it on a phase while chargers can't be reached; 0 when it is covered.",
    )
    until = models.DateTimeField(null=True, blank=True, help_text="Open end when empty.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    imposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["-announced_at"]
        indexes = [models.Index(fields=["circuit", "cancelled_at", "until"], name="limit_open_by_circuit")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gt=models.F("effective_at")),
                name="limit_ends_after_it_begins",
                violation_error_message="A limit ends after it is in force.",
            ),
            models.CheckConstraint(
                condition=models.Q(effective_at__gte=models.F("announced_at")),
                name="limit_not_in_force_before_announced",
                violation_error_message="A limit is announced before it is in force.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.circuit}: {amps(min(self.limit_ma))}, {self.reason_told}"

    @property
    def reason_told(self) -> str:
        """In the language that is active."""
        return tell_or(self.reason_said, self.reason)

    @property
    def limit_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps(self.limit_l1_ma, self.limit_l2_ma, self.limit_l3_ma)
