"""Which tariff is in force, and what energy costs from now on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from grid.models import Community
from pricing.models import Tariff
from pricing.rating import Prices, Window


def tariff_at(community: Community, *, at: datetime) -> Tariff | None:
    """The newest tariff that has begun."""
    tariffs = Tariff.objects.filter(community=community, valid_from__lte=at)
    tariff: Tariff | None = tariffs.prefetch_related("windows").order_by("-valid_from").first()
    return tariff


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
