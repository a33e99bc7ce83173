from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from evbalancer.common.db.fields import MilliampField, TenantModel
from grid.enums import SharingPolicy


class Cluster(TenantModel):
    """One grid connection and everything behind it: the unit that is solved and locked."""

    name = models.CharField(max_length=120)
    voltage_v = models.PositiveSmallIntegerField(
        default=230,
        help_text="Between a phase and neutral.",
        validators=[MinValueValidator(100), MaxValueValidator(480)],
    )
    margin_ma = MilliampField(default=1000, help_text="Kept free on every phase of every circuit.")
    settle_s = models.PositiveSmallIntegerField(
        default=17,
        help_text="How long a car may take to follow a cut its charger has confirmed.",
    )
    cut_notice_s = models.PositiveSmallIntegerField(
        default=45,
        help_text="A lowered limit counts as in force this long after it was announced.",
        validators=[MaxValueValidator(60)],
    )
    min_interval_s = models.PositiveSmallIntegerField(
        default=15, help_text="Between two raises of one connector."
    )
    rotation_s = models.PositiveSmallIntegerField(default=900, help_text="Turns below 6 A last this long.")
    policy = models.CharField(max_length=16, choices=SharingPolicy.choices, default=SharingPolicy.FAIR)
    everybody_first = models.BooleanField(
        default=False,
        help_text="In a shortage everybody gets 6 A before what cannot wait gets more. Nobody waits for the first power, and less is "
        "charged in all: the page shows the cost here over the last weeks.",
    )
    plans_for_arrivals = models.BooleanField(
        default=True,
        help_text="Keeps power for cars that usually come later, while that helped on the last days.",
    )
    is_public = models.BooleanField(
        default=False, help_text="Anyone may see its sums, without names. Members see it either way."
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["community", "name"], name="cluster_name_in_community"),
            models.CheckConstraint(
                condition=models.Q(voltage_v__range=(100, 480)),
                name="cluster_voltage_plausible",
                violation_error_message="The voltage is from 100 to 480 V.",
            ),
            models.CheckConstraint(
                condition=models.Q(cut_notice_s__lte=60),
                name="cluster_cut_notice_at_most_60_s",
                violation_error_message="A cut is announced at most 60 seconds ahead.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
