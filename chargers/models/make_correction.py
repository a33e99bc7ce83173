from django.db import models

from evbalancer.common.db.fields import UUIDModel


class MakeCorrection(UUIDModel):
    """What had to be put right in messages of a make before they could be read, and how often."""

    make = models.ForeignKey("chargers.Make", on_delete=models.CASCADE, related_name="corrections")
    action = models.CharField(max_length=48)
    place = models.CharField(max_length=120)
    how = models.CharField(max_length=60)
    word = models.CharField(max_length=40, blank=True, help_text="The last unknown word that was said there.")
    count = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["make", "action", "place", "how"], name="make_correction_once_per_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.place}: {self.how}"
