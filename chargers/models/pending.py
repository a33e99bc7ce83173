from django.db import models

from chargers.enums import OcppVersion
from chargers.models.charge_point import IDENTITY
from evbalancer.common.db.fields import TenantQuerySet, UUIDModel


class PendingChargePoint(UUIDModel):
    """A stranger that connected and waits for a decision. Nothing that it says beside its boot is kept.

    Its community is the one that decides (`OCPP_HOLD_FOR`); without one operators do.
    """

    community = models.ForeignKey(
        "grid.Community", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    identity = models.CharField(max_length=48, unique=True, validators=[IDENTITY])
    address = models.CharField(max_length=45, help_text="Where it last connected from.")
    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    has_long_key = models.BooleanField(
        default=False, help_text="Its password is long enough to stay its key."
    )
    ocpp_version = models.CharField(max_length=10, choices=OcppVersion.choices, blank=True)
    vendor = models.CharField(max_length=50, blank=True)
    model = models.CharField(max_length=50, blank=True)
    serial_number = models.CharField(max_length=50, blank=True)
    firmware_version = models.CharField(max_length=50, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    blocked_at = models.DateTimeField(null=True, blank=True, help_text="Refused for good since then.")

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return self.identity
