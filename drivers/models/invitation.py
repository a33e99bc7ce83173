from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from drivers.enums import Role
from evbalancer.common.db.fields import TenantModel


class Invitation(TenantModel):
    """A manager's word that lets one person into one community, once."""

    name = models.CharField(max_length=120)
    email = models.EmailField()
    unit = models.CharField(max_length=40, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.DRIVER, db_default=Role.DRIVER)
    flat = models.ForeignKey(
        "drivers.Flat", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    driver = models.ForeignKey(
        "drivers.Driver", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                "community",
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_email",
                violation_error_message="This address has an open invitation already.",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")),
                name="invitation_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.name}"
