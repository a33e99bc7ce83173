import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models

from evbalancer.common.fields import UUIDModel


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            f"{name!r} is not an IANA time zone, for example Europe/Berlin.", code="time_zone"
        )


class Community(UUIDModel):
    """The tenant: an apartment block, a car park, an association."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    time_zone = models.CharField(max_length=64, default="Europe/Berlin", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="EUR")
    emergencies_per_month = models.PositiveSmallIntegerField(default=2)
    emergency_needs_manager = models.BooleanField(
        default=False,
        help_text="A manager confirms each emergency before it takes power from others.",
    )
    overstay_grace_min = models.PositiveSmallIntegerField(default=30)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "communities"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"),
                name="community_currency_iso4217",
            ),
        ]

    def __str__(self) -> str:
        return self.name
