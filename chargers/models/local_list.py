from django.db import models

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
