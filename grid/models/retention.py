from django.db import models


class RetentionMark(models.Model):
    """How far a ledger is cleared of rows that are over their time. Written in the transaction of each batch."""

    ledger = models.CharField(max_length=40, primary_key=True)
    place = models.JSONField(null=True, help_text="Where the next batch begins; empty at a new round.")
    began_at = models.DateTimeField(help_text="When the present round began.")
    finished_at = models.DateTimeField(
        null=True, help_text="The beginning of the last round that went through the whole ledger."
    )
    removed = models.BigIntegerField(default=0, help_text="Rows, since the first round.")
    kept = models.BigIntegerField(
        default=0, help_text="In the last whole round: over their time, and still needed."
    )
    kept_so_far = models.BigIntegerField(default=0, help_text="The same, in the present round.")

    class Meta:
        ordering = ["ledger"]

    def __str__(self) -> str:
        return self.ledger
