from django.db import models
from django.db.models.functions import Upper

from drivers.enums import FlatKind
from evbalancer.common.db.fields import TenantModel


class Flat(TenantModel):
    """What several drivers belong to: a flat, or a cost centre of a firm. Costs can be summed, and billed, for all of them."""

    kind = models.CharField(max_length=12, choices=FlatKind.choices, default=FlatKind.FLAT)
    name = models.CharField(max_length=80, help_text="As on the bell or in the books, for example Flat 3.")
    holder = models.CharField(
        max_length=120, blank=True, help_text="Whom a statement of the whole flat is addressed to."
    )
    address = models.TextField(max_length=300, blank=True, help_text="Lines of the address on a statement.")
    billed_together = models.BooleanField(
        default=False,
        help_text="One statement a month for all of its drivers, instead of one for each.",
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "flats and cost centres"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "community",
                Upper("name"),
                condition=models.Q(retired_at=None),
                name="flat_once_per_name",
                violation_error_message="The community has a flat or cost centre of this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
