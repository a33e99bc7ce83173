from django.db import models

from drivers.enums import NotificationKind
from evbalancer.common.db.fields import SaidField, TenantModel
from evbalancer.common.words.languages import language_choices
from evbalancer.common.words.telling import tell_or

DAY_MIN = 24 * 60


def every_kind() -> list[str]:
    return list(NotificationKind.values)


class Notification(TenantModel):
    """Something a driver should know, kept until read; sending it elsewhere is a second step."""

    driver = models.ForeignKey("drivers.Driver", on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=16, choices=NotificationKind.choices)
    said = SaidField()
    text = models.CharField(
        max_length=300, blank=True, editable=False, help_text="As it was written before facts were kept."
    )
    about = models.CharField(max_length=80, blank=True, help_text="The same news is sent only once.")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: not by mail, or sent already."
    )
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["driver", "-created_at"], name="notification_newest_by_driver"),
            models.Index(fields=["created_at", "id"], name="notification_oldest_first"),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False),
                name="notification_mail_due",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "kind", "about"],
                condition=~models.Q(about=""),
                name="notification_once_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return self.told

    @property
    def told(self) -> str:
        """In the language that is active."""
        return tell_or(self.said, self.text)


class Preference(TenantModel):
    """What a driver wants to hear of by mail and by web push, and when not; and how `/my` meets them. Without a row: everything, at any time."""

    driver = models.OneToOneField("drivers.Driver", on_delete=models.CASCADE, related_name="preference")
    mail_kinds = models.JSONField(default=every_kind, help_text="Kinds that are sent by mail.")
    push_kinds = models.JSONField(
        null=True, blank=True, help_text="Kinds that the driver's browsers show; null for all."
    )
    quiet_from_min = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Minutes after local midnight."
    )
    quiet_until_min = models.PositiveSmallIntegerField(null=True, blank=True)
    language = models.CharField(
        max_length=7,
        choices=language_choices,
        blank=True,
        help_text="Language of the notifications; the server's if empty.",
    )
    shows_amps = models.BooleanField(default=False, db_default=False, help_text="Limits in A instead of kW.")
    usual_wh = models.PositiveIntegerField(
        null=True, blank=True, help_text="What a new wish begins with, in Wh."
    )
    usual_ready_min = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="When a new wish is to be ready: minutes after local midnight."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(usual_ready_min=None) | models.Q(usual_ready_min__lt=DAY_MIN),
                name="preference_usual_ready_within_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from_min=None, quiet_until_min=None)
                | models.Q(quiet_from_min__lt=DAY_MIN, quiet_until_min__lt=DAY_MIN),
                name="preference_quiet_hours_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"Preferences of {self.driver}"
