"""Which tariff is in force, and what energy costs from now on."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from grid.models import Community
from pricing.models import Tariff
from pricing.rating.energy import WH_PER_MWH, Prices, Window

PRICE_STEP_S: Final = 900


def tariff_at(community: Community, *, at: datetime) -> Tariff | None:
    """The newest tariff that has begun."""
    tariffs = Tariff.objects.filter(community=community, valid_from__lte=at)
    tariff: Tariff | None = tariffs.prefetch_related("windows").order_by("-valid_from").first()
    return tariff


def with_tariff(community_ids: Collection[UUID]) -> set[UUID]:
    """Those of these communities that have any tariff."""
    rows = Tariff.objects.filter(community__in=community_ids).order_by()
    return set(rows.values_list("community_id", flat=True).distinct())


def prices_of(tariff: Tariff, *, time_zone: str) -> Prices:
    windows = (
        Window(row.weekdays, row.start_min, row.end_min, row.price_per_mwh_minor)
        for row in tariff.windows.all()
    )
    return Prices(ZoneInfo(time_zone), tariff.base_price_per_mwh_minor, tuple(windows))


def prices_per_mwh(community: Community, *, start: datetime, step: timedelta, count: int) -> list[float]:
    """Price at the start of each of `count` periods, in minor units per MWh; empty without a tariff."""
    tariff = tariff_at(community, at=start)
    if tariff is None:
        return []
    prices = prices_of(tariff, time_zone=community.time_zone)
    return [float(prices.at(start + index * step)) for index in range(count)]


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
