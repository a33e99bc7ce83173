from django.db import models
from django.db.models.functions import Upper

from drivers.enums import AuthorizationStatus
from evbalancer.common.db.fields import TenantModel


class LocalList(TenantModel):
    """The local authorization list that a charge point took, kept in step with the community's cards."""

    charge_point = models.OneToOneField(
        "chargers.ChargePoint", on_delete=models.PROTECT, related_name="local_list"
    )
    chosen = models.JSONField(
        null=True, blank=True, help_text="The cards that a person put on it; all of the community's if empty."
    )
    listed = models.JSONField(
        default=dict, help_text="The cards that it holds, and until when each may charge."
    )
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Refused or unanswered since it last took an update."
    )
    batch = models.PositiveIntegerField(
        null=True, blank=True, help_text="The most entries that it says it takes in one message."
    )
    room = models.PositiveIntegerField(
        null=True, blank=True, help_text="The most entries that it says its list holds."
    )
    told_at = models.DateTimeField(help_text="When it last took an update.")

    class Meta:
        ordering = ["charge_point"]

    def __str__(self) -> str:
        return f"Local list of {self.charge_point}"


class RefusedCard(TenantModel):
    """A card that charge points refused lately, for the manager who is asked why: whose is it?"""

    token = models.CharField(max_length=36)
    charge_point = models.ForeignKey(
        "chargers.ChargePoint",
        on_delete=models.PROTECT,
        related_name="refused_cards",
        help_text="Where it was last shown.",
    )
    status = models.CharField(max_length=20, choices=AuthorizationStatus.choices)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    declined_at = models.DateTimeField(
        null=True, blank=True, help_text="A manager has decided that it is nobody's here."
    )

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint("community", Upper("token"), name="refused_card_once_per_community")
        ]
        indexes = [models.Index(fields=["charge_point", "-last_at"], name="refused_card_newest")]

    def __str__(self) -> str:
        return f"Card refused at {self.charge_point}"
