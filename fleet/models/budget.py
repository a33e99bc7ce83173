from django.db import models

from fleet.enums import CallOutcome, CallPurpose


class CallBudget(models.Model):
    """The application's bucket at the provider: how many calls are left, and whether it wants none at all."""

    key = models.CharField(primary_key=True, max_length=16)
    level_milli = models.PositiveIntegerField(help_text="Thousandths of a call.")
    filled_at = models.DateTimeField()
    wait_until = models.DateTimeField(null=True, blank=True)
    wait_reason = models.CharField(max_length=40, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.level_milli // 1000} calls left"


class CallCount(models.Model):
    """What the calls of a day were for, and what became of them."""

    day = models.DateField()
    purpose = models.CharField(max_length=8, choices=CallPurpose.choices)
    outcome = models.CharField(max_length=8, choices=CallOutcome.choices)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-day", "purpose", "outcome"]
        constraints = [
            models.UniqueConstraint(fields=["day", "purpose", "outcome"], name="call_count_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.purpose} {self.outcome}"
