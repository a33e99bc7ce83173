from django.core.validators import MaxValueValidator
from django.db import models

from evbalancer.common.db.fields import TenantModel


class DemandProgram(TenantModel):
    """A demand-response program of a virtual top node (OpenADR 3) whose events lower a circuit's limit."""

    circuit = models.ForeignKey("grid.Circuit", on_delete=models.PROTECT, related_name="programs")
    name = models.CharField(max_length=80, help_text="Named in the reasons that drivers read.")
    vtn_url = models.CharField(
        max_length=300, help_text="Of the API, for example https://vtn.example.org/openadr3/3.0.1"
    )
    token_url = models.CharField(
        max_length=300, help_text="Where access tokens are given (OAuth 2 client credentials)."
    )
    client_id = models.CharField(max_length=200)
    client_secret_encrypted = models.TextField(blank=True, editable=False)
    program_id = models.CharField(max_length=128)
    ven_name = models.CharField(
        max_length=128,
        blank=True,
        help_text="The node's name for this client in an event's targets. Its client id counts too.",
    )
    target_groups = models.CharField(
        max_length=300, blank=True, help_text="Groups to which this client belongs, between commas."
    )
    target_resources = models.CharField(
        max_length=300, blank=True, help_text="Names of its resources, between commas."
    )
    level_1_pct = models.PositiveSmallIntegerField(
        default=70,
        validators=[MaxValueValidator(100)],
        help_text="Of the permanent limit, at level 1 of a SIMPLE event.",
    )
    level_2_pct = models.PositiveSmallIntegerField(default=40, validators=[MaxValueValidator(100)])
    level_3_pct = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    active = models.BooleanField(default=True)
    polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    error = models.CharField(max_length=500, blank=True, editable=False)
    events_for_others = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Whose targets name other clients; they are not followed here."
    )
    # Event to when it was first seen to ask for what it asks for, and a digest of that.
    seen_events = models.JSONField(default=dict, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["circuit", "vtn_url", "program_id"], name="demand_program_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} for {self.circuit}"


class ProgramLimit(TenantModel):
    """Which interval of which event a temporary limit comes from; a changed event is another key."""

    program = models.ForeignKey("grid.DemandProgram", on_delete=models.PROTECT, related_name="limits")
    event_id = models.CharField(max_length=128)
    key = models.CharField(max_length=300, help_text="Event, its modification and the interval.")
    limit = models.OneToOneField(
        "grid.TemporaryLimit", on_delete=models.PROTECT, related_name="program_limit"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-limit__announced_at"]
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="program_limit_once")]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.limit}"
