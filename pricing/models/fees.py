"""What a tariff costs beside its prices of charging."""

from typing import Final

from django.core.validators import MaxValueValidator
from django.db import models

# 100 of the currency: a slip of the decimal point, and no fee.
MOST_FEE_MINOR: Final = 10_000
MOST_SHARE_MINOR: Final = 100_000
MOST_FREE_WH: Final = 10_000_000
BELOW_MOST_FEE: Final = [MaxValueValidator(MOST_FEE_MINOR, "A fee is 100 at most.")]


class Fees(models.Model):
    """Edited with the tariff, and published with each of its versions."""

    emergency_surcharge_per_mwh_minor = models.PositiveIntegerField(default=0)
    overstay_per_hour_minor = models.PositiveIntegerField(default=0)
    reservation_fee_minor = models.PositiveIntegerField(
        "reservation fee",
        default=0,
        db_default=0,
        validators=BELOW_MOST_FEE,
        help_text="Once for a space that was kept for a car that came.",
    )
    no_show_fee_minor = models.PositiveIntegerField(
        "no-show fee",
        default=0,
        db_default=0,
        validators=BELOW_MOST_FEE,
        help_text="Once for a promised slot whose car did not come, although it could have charged.",
    )
    monthly_share_minor = models.PositiveIntegerField(
        "monthly share",
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_SHARE_MINOR, "A monthly share is 1000 at most.")],
        help_text="Of each driver, whether charging or not; by days in a month of coming or leaving.",
    )
    free_wh_per_month = models.PositiveIntegerField(
        "free energy",
        default=0,
        db_default=0,
        validators=[MaxValueValidator(MOST_FREE_WH, "Free energy is 10000 kWh a month at most.")],
        help_text="Wh of each driver a month, the cheapest first; by days in a month of coming or leaving.",
    )

    class Meta:
        abstract = True


FEES: Final = tuple(field.name for field in Fees._meta.local_fields)  # noqa: SLF001 (Django's documented Meta API)


def fees_of(row: Fees) -> dict[str, int]:
    return {name: getattr(row, name) for name in FEES}
