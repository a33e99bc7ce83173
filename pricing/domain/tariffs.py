"""What energy costs from now on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from grid.models import Community
from pricing.domain.versions import rater_of, version_at
from pricing.rating.billed import WH_PER_MWH
from pricing.rating.rate import Rater
from pricing.rating.weekly import PER_KWH

PRICE_STEP_S: Final = 900


def price_per_mwh(rater: Rater, moment: datetime) -> float:
    """What a kWh costs at the start of a session, in minor units per MWh with taxes; 0 where it has no price."""
    return float(rater.price_per_kwh(moment) * PER_KWH)


def prices_per_mwh(community: Community, *, start: datetime, step: timedelta, count: int) -> list[float]:
    """Price at the start of each of `count` periods, in minor units per MWh; empty without a tariff."""
    version = version_at(community, at=start)
    if version is None:
        return []
    rater = rater_of(version, time_zone=community.time_zone)
    return [price_per_mwh(rater, start + index * step) for index in range(count)]


def cost_bounds_minor(
    community: Community,
    *,
    energy_wh: int,
    power_w: int,
    start: datetime,
    end: datetime,
) -> tuple[int, int] | None:
    """The cost of `energy_wh` if all of it flows at up to `power_w` in the cheapest, and in the dearest, quarters of the
    window. Power that does not suffice, or is 0 for unknown, is taken to be just enough. None without a tariff."""
    count = max(1, -(-int((end - start).total_seconds()) // PRICE_STEP_S))
    step = timedelta(seconds=PRICE_STEP_S)
    prices = sorted(prices_per_mwh(community, start=start, step=step, count=count))
    if not prices:
        return None
    most_wh = max(power_w * PRICE_STEP_S / 3600, energy_wh / count)
    return _cost_minor(prices, energy_wh, most_wh), _cost_minor(prices[::-1], energy_wh, most_wh)


def _cost_minor(prices: Sequence[float], energy_wh: float, most_wh: float) -> int:
    cost = 0.0
    for price in prices:
        part_wh = min(most_wh, energy_wh)
        cost += part_wh * price / WH_PER_MWH
        energy_wh -= part_wh
    return round(cost)
