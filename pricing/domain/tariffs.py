"""What energy costs from now on."""

from datetime import datetime, timedelta

from pricing.domain.versions import rater_of
from pricing.models import TariffVersion
from pricing.rating.rate import Rater
from pricing.rating.weekly import PER_KWH


def price_per_mwh(rater: Rater, moment: datetime) -> float:
    """What a kWh costs at the start of a session, in minor units per MWh with taxes; 0 where it has no price."""
    return float(rater.price_per_kwh(moment) * PER_KWH)


def prices_per_mwh(
    version: TariffVersion | None, *, start: datetime, step: timedelta, count: int
) -> list[float]:
    """Price at the start of each of `count` periods, in minor units per MWh; empty without a tariff."""
    if version is None:
        return []
    rater = rater_of(version, time_zone=version.community.time_zone)
    return [price_per_mwh(rater, start + index * step) for index in range(count)]
