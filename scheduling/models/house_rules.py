from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from evbalancer.common.db.fields import TenantModel
from scheduling.enums import FindingKind, UnprovenEmergency

LONGEST_LOOK_BACK_DAYS = 90


def validate_finding_kinds(kinds: object) -> None:
    if not isinstance(kinds, list) or not set(kinds) <= set(FindingKind.values):
        raise ValidationError(gettext("A list of kinds of findings."), code="finding_kinds")


def _number(
    default: int, *, least: int, most: int, help_text: str
) -> "models.PositiveIntegerField[int, int]":
    return models.PositiveIntegerField(
        default=default,
        validators=[MinValueValidator(least), MaxValueValidator(most)],
        help_text=help_text,
    )


class HouseRules(TenantModel):
    """A community's policy: when an emergency counts as proven, and from where on use is abuse.

    Without a row the defaults hold. The grace of an overstay and the emergencies a month are the community's own.
    """

    unproven_emergency = models.CharField(
        max_length=8,
        choices=UnprovenEmergency.choices,
        default=UnprovenEmergency.BOUNDED,
        help_text="Treatment of a claim while no linked car reports its charge.",
    )
    unproven_most_wh = _number(
        10_000, least=1_000, most=100_000, help_text="The most that is granted without the car's word."
    )
    emergency_stay_h = _number(
        3,
        least=1,
        most=48,
        help_text="A car that still stands there so long after the time of its emergency refutes it.",
    )
    no_shows = _number(3, least=1, most=100, help_text="So many missed slots are a finding.")
    no_show_days = _number(30, least=1, most=LONGEST_LOOK_BACK_DAYS, help_text="Within so many days.")
    open_slots = _number(5, least=1, most=100, help_text="A driver with more at once may be hoarding.")
    unused_pct = _number(
        50, least=1, most=99, help_text="Hoarding, when more of the energy booked before was left unused."
    )
    shared_tag_min = _number(
        10, least=1, most=1_440, help_text="One card on two connectors for longer is shared."
    )
    energy_tolerance_pct = _number(
        25, least=5, most=100, help_text="The meter may differ so much from what the car took in."
    )
    energy_tolerance_wh = _number(3_000, least=500, most=50_000, help_text="And at least so much.")
    tamper_events = _number(
        1, least=1, most=100, help_text="So many signs of tampering during one stay are a finding."
    )
    strikes_without_manager = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_finding_kinds],
        help_text="Findings of these kinds are strikes at once. All others wait for a manager.",
    )

    class Meta:
        verbose_name_plural = "house rules"
        ordering = ["community__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["community"],
                name="house_rules_once_per_community",
                violation_error_message="This community has its house rules already.",
            ),
            models.CheckConstraint(
                condition=Q(no_shows__gte=1, open_slots__gte=1, tamper_events__gte=1, shared_tag_min__gte=1),
                name="house_rules_counts_positive",
                violation_error_message="Every count is 1 or more.",
            ),
            models.CheckConstraint(
                condition=Q(unused_pct__range=(1, 99), energy_tolerance_pct__range=(5, 100)),
                name="house_rules_shares_in_range",
                violation_error_message="Unused: from 1 to 99 %; tolerance of energy: from 5 to 100 %.",
            ),
            models.CheckConstraint(
                condition=Q(no_show_days__range=(1, LONGEST_LOOK_BACK_DAYS)),
                name="house_rules_look_back_bounded",
                violation_error_message="Missed bookings count for 1 to 90 days.",
            ),
        ]

    def __str__(self) -> str:
        return f"House rules of {self.community}"
