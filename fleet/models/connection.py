from django.conf import settings
from django.db import models

from evbalancer.common.db.fields import TenantModel, UUIDModel
from fleet.enums import ConnectionState


class SmartcarConnection(TenantModel):
    """A driver's consent at Smartcar. Tokens are encrypted at rest and never leave the fleet app."""

    driver = models.ForeignKey(
        "drivers.Driver", on_delete=models.PROTECT, related_name="smartcar_connections"
    )
    smartcar_user_id = models.CharField(max_length=64)
    state = models.CharField(
        max_length=16, choices=ConnectionState.choices, default=ConnectionState.CONNECTED
    )
    state_since = models.DateTimeField()
    scopes = models.JSONField(default=list)
    offered = models.JSONField(
        default=list, blank=True, help_text="Cars of the consent among which the driver has yet to choose."
    )
    to_revoke = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="Cars that still have to be disconnected at the provider.",
    )
    access_token_encrypted = models.TextField(blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token_encrypted = models.TextField(blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refreshing_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Somebody is at the token endpoint: a lease, not a lock.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "smartcar_user_id"], name="connection_once_per_smartcar_user"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="connected") | ~models.Q(refresh_token_encrypted=""),
                name="connection_connected_has_token",
            ),
        ]

    def __str__(self) -> str:
        return f"Smartcar of {self.driver}"


class ConnectState(UUIDModel):
    """OAuth state of one Connect flow: single use, bound to the driver and to a secret cookie of the browser."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    nonce_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.pk)
