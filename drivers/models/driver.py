from django.conf import settings
from django.db import models
from django.db.models.functions import Upper

from drivers.enums import IdTagKind
from evbalancer.common.fields import TenantModel


class Driver(TenantModel):
    """A person who charges in one community."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="drivers",
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    unit = models.CharField(max_length=40, blank=True, help_text="Apartment, parking space or office.")
    suspended_until = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "community"],
                condition=models.Q(user__isnull=False),
                name="driver_one_per_user_and_community",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IdTag(TenantModel):
    """What a driver shows to a charger. Compared case-insensitively, as OCPP's CiString is."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="id_tags")
    token = models.CharField(max_length=36)
    kind = models.CharField(max_length=12, choices=IdTagKind.choices, default=IdTagKind.RFID)
    blocked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("community", Upper("token"), name="id_tag_once_per_community"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.driver}"
