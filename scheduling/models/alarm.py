from django.conf import settings
from django.db import models

from evbalancer.common.db.fields import SaidField, TenantQuerySet, UUIDModel
from evbalancer.common.words.inputs import Text
from evbalancer.common.words.languages import language_choices
from evbalancer.common.words.telling import tell
from scheduling.enums import AlarmKind, ChannelKind

DAY_MIN = 24 * 60
NOTE = Text(200, missing="Say what is done about it; it is kept in the audit trail.")


class Alarm(UUIDModel):
    """A condition that endangers charging or waits for somebody, from its first sight to its end.

    Pending until `raised_at`: a condition that goes before its delay is over leaves no alarm. At most one is open for each kind and
    thing. Ended alarms are the history.
    """

    community = models.ForeignKey(
        "grid.Community",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: it concerns the whole server.",
    )
    cluster = models.ForeignKey(
        "grid.Cluster", on_delete=models.PROTECT, null=True, blank=True, related_name="alarms"
    )
    kind = models.CharField(max_length=16, choices=AlarmKind.choices)
    about = models.CharField(max_length=80, help_text="What it is about: its kind and id.")
    name = models.CharField(max_length=120, blank=True, help_text="What it is about, as people call it.")
    said = SaidField()
    began_at = models.DateTimeField(help_text="Since when it is so, as far as known.")
    seen_at = models.DateTimeField(help_text="When it was first seen; the delay counts from here.")
    kept_at = models.DateTimeField(help_text="When it was last seen.")
    raised_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=NOTE.longest, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        indexes = [
            models.Index(
                fields=["cluster", "kind"], condition=models.Q(ended_at=None), name="alarm_open_by_cluster"
            ),
            models.Index(fields=["community", "-began_at"], name="alarm_newest_by_community"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"], condition=models.Q(ended_at=None), name="alarm_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None) | models.Q(raised_at__isnull=False),
                name="alarm_ended_was_raised",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}" if self.name else self.get_kind_display()

    @property
    def told(self) -> str:
        """In the language that is active."""
        return "" if self.said is None else tell(self.said)


class AlarmChannel(UUIDModel):
    """A way in which one person hears of alarms. Addresses and secrets are encrypted: whoever knows a topic can read it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alarm_channels"
    )
    kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    host = models.CharField(max_length=253, blank=True, help_text="The address up to its path.")
    address_encrypted = models.TextField(blank=True, editable=False)
    secret_encrypted = models.TextField(blank=True, editable=False)
    push = models.OneToOneField(
        "drivers.PushSubscription",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="alarm_channel",
        help_text="The browser of web push.",
    )
    kinds = models.JSONField(default=list, blank=True, help_text="Kinds of alarms; empty for all.")
    quiet_from_min = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Minutes after midnight where the alarm is; grave kinds come anyway."
    )
    quiet_until_min = models.PositiveSmallIntegerField(null=True, blank=True)
    language = models.CharField(
        max_length=7, choices=language_choices, blank=True, help_text="The server's if empty."
    )
    is_active = models.BooleanField(default=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="In a row.")
    retry_at = models.DateTimeField(null=True, blank=True, help_text="Not tried before.")
    disabled_at = models.DateTimeField(null=True, blank=True, help_text="Given up after a day of failures.")
    sent_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=120, blank=True, help_text="Of the last attempt.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["user", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(kind=ChannelKind.MAIL),
                name="alarm_channel_one_mail",
                violation_error_message="A person has one channel by mail.",
            ),
            models.CheckConstraint(
                condition=models.Q(quiet_from_min=None, quiet_until_min=None)
                | models.Q(quiet_from_min__lt=DAY_MIN, quiet_until_min__lt=DAY_MIN),
                name="alarm_channel_quiet_hours_whole",
                violation_error_message="Quiet hours have a beginning and an end within a day.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.host or self.user}"


class AlarmNotice(UUIDModel):
    """The begin or the end of an alarm, to be sent by one channel. Those that are due together are one message."""

    channel = models.ForeignKey(AlarmChannel, on_delete=models.CASCADE, related_name="notices")
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="notices")
    is_end = models.BooleanField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="Empty: sent.")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-alarm__began_at"]
        indexes = [
            models.Index(
                fields=["channel", "due_at"],
                condition=models.Q(due_at__isnull=False),
                name="alarm_notice_due",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["channel", "alarm", "is_end"], name="alarm_notice_once")
        ]

    def __str__(self) -> str:
        return f"{'End' if self.is_end else 'Begin'} of {self.alarm}"
