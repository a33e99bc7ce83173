from django.db import models

from chargers.enums import SecurityProfile
from evbalancer.common.db.fields import TenantModel


class SecurityRule(TenantModel):
    """What the charge points of a community must show to connect, unless their own page says otherwise."""

    security_profile = models.PositiveSmallIntegerField(
        choices=SecurityProfile.choices, default=SecurityProfile.PASSWORD
    )

    class Meta:
        ordering = ["community"]
        constraints = [models.UniqueConstraint(fields=["community"], name="security_rule_once")]

    def __str__(self) -> str:
        return self.get_security_profile_display()
