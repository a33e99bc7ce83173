from django.db import models
from django.db.models import F, Q

from chargers.enums import Audience
from evbalancer.common.db.fields import TenantModel

EVERY_DAY, DAY_MIN = 127, 1440


class AccessRule(TenantModel):
    """Who may begin to charge at a connector, and in which part of the local week. A connector without a rule is everybody's.

    The begin counts, the end does not. An end that is no later than the begin is on the next day.
    """

    connector = models.ForeignKey("chargers.Connector", on_delete=models.PROTECT, related_name="access_rules")
    audience = models.CharField(max_length=10, choices=Audience.choices)
    group = models.ForeignKey(
        "drivers.DriverGroup", on_delete=models.PROTECT, null=True, blank=True, related_name="access_rules"
    )
    flat = models.ForeignKey(
        "drivers.Flat",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="access_rules",
        verbose_name="flat or cost centre",
    )
    weekdays = models.PositiveSmallIntegerField(default=EVERY_DAY, help_text="Of its begin. Bit 0 is Monday.")
    start_min = models.PositiveSmallIntegerField(
        default=0, help_text="Minutes after local midnight, included."
    )
    end_min = models.PositiveSmallIntegerField(
        default=DAY_MIN, help_text="Minutes after local midnight, excluded; at most 1440."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["connector", "created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(audience=Audience.GROUP, group__isnull=False, flat=None)
                    | Q(audience=Audience.FLAT, flat__isnull=False, group=None)
                    | Q(audience__in=[Audience.EVERYBODY, Audience.GUESTS], group=None, flat=None)
                ),
                name="access_rule_names_its_audience",
                violation_error_message="Name the group or the flat that the space is for, and no other.",
            ),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)),
                name="access_rule_has_a_weekday",
                violation_error_message="Choose one day at least.",
            ),
            models.CheckConstraint(
                condition=Q(start_min__lt=DAY_MIN, end_min__range=(1, DAY_MIN)) & ~Q(start_min=F("end_min")),
                name="access_rule_has_hours",
                violation_error_message="Hours begin before 24:00 and end after 00:00, at another time than they begin.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connector}: {self.get_audience_display()}"

    @property
    def is_always(self) -> bool:
        return (self.weekdays, self.start_min, self.end_min) == (EVERY_DAY, 0, DAY_MIN)
