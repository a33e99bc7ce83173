from django.db import models

from evbalancer.common.db.fields import TenantModel


class Place(TenantModel):
    """Where a community's garage stands, to find out whether a car whose driver allows it is here."""

    latitude = models.FloatField()
    longitude = models.FloatField()
    radius_m = models.PositiveIntegerField(default=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community"], name="place_once_per_community"),
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="place_on_earth",
                violation_error_message="Latitude is from -90 to 90, longitude from -180 to 180.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.latitude:.4f}, {self.longitude:.4f}"
