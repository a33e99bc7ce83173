from django.db import models
from django.db.models.functions import Upper

from drivers.enums import AuthorizationStatus
from evbalancer.common.db.fields import TenantModel


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
