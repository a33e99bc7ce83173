from django.db import models

from grid.models import NamedGroup


class DriverGroup(NamedGroup):
    """Drivers by name or by where they belong: whoever moves into one of its flats is in it."""

    MEMBERS = ("drivers", "flats")

    drivers = models.ManyToManyField("drivers.Driver", blank=True, related_name="groups")
    flats = models.ManyToManyField(
        "drivers.Flat",
        blank=True,
        related_name="groups",
        verbose_name="flats and cost centres",
        help_text="With all of their drivers, also of those who come later.",
    )

    class Meta(NamedGroup.Meta):
        verbose_name = "group of drivers"
        verbose_name_plural = "groups of drivers"
