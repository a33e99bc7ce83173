import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext

from evbalancer.common.db.fields import UUIDModel


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            gettext("%(name)s is not an IANA time zone, for example Europe/Berlin.") % {"name": f"{name!r}"},
            code="time_zone",
        )


def validate_language(code: str) -> None:
    if code not in dict(settings.LANGUAGES):
        known = ", ".join(dict(settings.LANGUAGES))
        raise ValidationError(
            gettext("%(code)s is not a language of this server; it has %(known)s.")
            % {"code": f"{code!r}", "known": known},
            code="language",
        )


class Community(UUIDModel):
    """The tenant: an apartment block, a car park, an association."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    time_zone = models.CharField(max_length=64, default="Europe/Berlin", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="EUR")
    language = models.CharField(
        max_length=10,
        blank=True,
        validators=[validate_language],
        help_text="Of mails to people who have chosen none, for example de. The server's if empty.",
        default="",
        db_default="",
    )
    holiday_region = models.CharField(
        "region of public holidays",
        max_length=24,
        blank=True,
        help_text="A country and its region, for example DE-BY or US-CA. Tariffs may count its holidays as Sundays.",
        default="",
        db_default="",
    )
    emergencies_per_month = models.PositiveSmallIntegerField(default=2)
    emergency_needs_manager = models.BooleanField(
        default=False,
        help_text="A manager confirms each emergency before it takes power from others.",
    )
    overstay_grace_min = models.PositiveSmallIntegerField(default=30)
    strike_days = models.PositiveSmallIntegerField(
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="A strike counts so long, from the day on which it is given.",
    )
    suspended_from_strikes = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="So many strikes that count at once suspend a driver, and so does each one after it.",
    )
    suspension_days = models.PositiveSmallIntegerField(
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="How long a suspension by strikes lasts.",
    )
    meter_values_days = models.PositiveSmallIntegerField(
        "meter values (days)",
        default=30,
        db_default=30,
        validators=[MinValueValidator(7), MaxValueValidator(3650)],
        help_text="Meter values stay so long as they came; then the means of five minutes stand for them.",
    )
    means_days = models.PositiveSmallIntegerField(
        "means of five minutes (days)",
        default=730,
        db_default=730,
        validators=[MinValueValidator(60), MaxValueValidator(3650)],
        help_text="These means stay so long; then means of an hour stand for them, without end.",
    )
    runs_days = models.PositiveSmallIntegerField(
        "rebalances (days)",
        default=7,
        db_default=7,
        validators=[MinValueValidator(2), MaxValueValidator(365)],
        help_text="Every rebalance that was stored stays so long; then one an hour, the one with the least room left.",
    )
    log_days = models.PositiveSmallIntegerField(
        "OCPP log and commands (days)",
        default=30,
        db_default=30,
        validators=[MinValueValidator(2), MaxValueValidator(365)],
        help_text="Messages of charge points and commands of the balancer stay so long.",
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "communities"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"),
                name="community_currency_iso4217",
                violation_error_message="A currency has three capital letters, for example EUR.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    strike_days__range=(1, 730),
                    suspended_from_strikes__range=(1, 50),
                    suspension_days__range=(1, 365),
                ),
                name="community_strikes_bounded",
                violation_error_message="Strikes count for 1 to 730 days, 1 to 50 of them suspend, for 1 to 365 days.",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    meter_values_days__range=(7, 3650),
                    means_days__range=(60, 3650),
                    runs_days__range=(2, 365),
                    log_days__range=(2, 365),
                ),
                name="community_keeps_bounded",
                violation_error_message="Meter values stay for 7 to 3650 days, means for 60 to 3650, rebalances and the log for 2 to 365.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
