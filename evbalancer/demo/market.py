"""A day-ahead market for Maple Court: dear mornings and evenings, cheap nights, and noons that the sun makes cheaper still."""

import math
import random
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from grid.models import Cluster
from pricing.domain import signals
from pricing.models import DynamicPrice, EnergySignal
from pricing.signals.series import QUARTER, Series

NAME = "Day-ahead market (demo)"
ORIGIN = "Maple Court's own market"
# As far as a signal may reach, so that a demo that runs for days never sees it silent.
DAYS = 10
DAY_QUARTERS = 96


def open_market(cluster: Cluster) -> None:
    """A price that follows the market; once for an install: what people change of it stays.

    Whether the balancer follows the price is left to who tries the demo: else the first evening shows cars that wait for the night.
    """
    community = cluster.community
    signal, is_new = EnergySignal.objects.get_or_create(community=community, name=NAME)
    if not is_new or DynamicPrice.objects.filter(cluster=cluster).exists():
        return
    DynamicPrice.objects.create(
        community=community,
        cluster=cluster,
        market=signal,
        fallback_per_mwh_minor=9_000,
        grid_fee_per_mwh_minor=9_500,
        levies_per_mwh_minor=2_500,
        tax_permille=190,
        scarcity_most_per_mwh_minor=8_000,
        scarcity_from_pct=20,
        floor_per_mwh_minor=5_000,
        ceiling_per_mwh_minor=60_000,
    )


def publish_days(cluster: Cluster, *, now: datetime) -> None:
    """Prices from last midnight on for the days ahead; the same day has the same prices in every run."""
    signal = EnergySignal.objects.filter(community=cluster.community_id, name=NAME).first()
    if signal is None:
        return
    zone = ZoneInfo(cluster.community.time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, tzinfo=zone).astimezone(UTC)
    values = prices_between(midnight, midnight + DAYS * DAY_QUARTERS * QUARTER, zone)
    signals.store_series(signal, Series(midnight, tuple(values)), published_at=now, origin=ORIGIN, now=now)


def prices_between(start: datetime, end: datetime, zone: ZoneInfo) -> list[int]:
    """One price a quarter, minor units per MWh."""
    return [_price(start + at * QUARTER, zone) for at in range((end - start) // QUARTER)]


def _price(moment: datetime, zone: ZoneInfo) -> int:
    """Minor units per MWh: 9 cents a kWh, with the shape of a day and some noise of the quarter."""
    local = moment.astimezone(zone)
    hour = local.hour + local.minute / 60
    morning, evening = math.exp(-((hour - 8) ** 2) / 4), math.exp(-((hour - 19) ** 2) / 5)
    noon, night = math.exp(-((hour - 13) ** 2) / 5), math.exp(-((hour - 3) ** 2) / 9)
    noise = random.Random(int(moment.timestamp())).uniform(-0.3, 0.3)
    return round(1_000 * (9 + 6 * morning + 12 * evening - 8 * noon - 5 * night + noise))
