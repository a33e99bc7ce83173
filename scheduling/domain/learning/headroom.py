"""The share of a connection that is expected to stay free: what a dynamic price takes scarcity from.

Counted from what is known without a plan: the building's usual load, cars that usually come, and the energy that booked and
plugged-in cars still miss, spread evenly over the time they stay.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from evbalancer.common.loops import for_each
from evbalancer.common.units import ma_to_w
from grid.domain import readings, topology
from grid.models import Cluster
from pricing.domain import curves
from pricing.models import DynamicPrice
from pricing.signals.series import QUARTER_S
from scheduling.domain.learning.arrivals import expected_arrivals
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

# Finer than this a forecast is noise, and each change would be a publication.
GRAIN_PCT: Final = 5
LONGEST_ROUND_S: Final = 60.0

# Energy in Wh from and to seconds after the first quarter.
Load = tuple[float, float, float]


def publish_all(*, now: datetime) -> int:
    """Publish the price of each cluster whose price follows the market, where it changed. Returns how many were."""
    policies = DynamicPrice.objects.filter(active=True, cluster__retired_at=None)
    rows = policies.select_related("cluster__community", "market", "carbon")
    return for_each(rows, lambda policy: _publish(policy, now=now), what="Price", longest_s=LONGEST_ROUND_S)


def _publish(policy: DynamicPrice, *, now: datetime) -> bool:
    def headroom(start: datetime, count: int) -> list[int | None]:
        return forecast_headroom_pct(policy.cluster, start=start, count=count, now=now)

    return curves.publish_prices(policy, headroom=headroom, now=now) is not None


def forecast_headroom_pct(
    cluster: Cluster, *, start: datetime, count: int, now: datetime
) -> list[int | None]:
    """Per cent of the connection that is expected to stay free in each quarter from `start` on, in steps of five; None without a
    circuit."""
    tree = topology.read_tree(cluster)
    if not tree.circuits:
        return [None] * count
    volts = cluster.voltage_v
    capacity_w = sum(ma_to_w(limit, voltage_v=volts, phases=1) for limit in tree.root.limit_ma)
    cars_w = _spread_w(_loads(cluster, tree, start=start, now=now), count)
    found: list[int | None] = []
    for quarter in range(count):
        at = start + timedelta(seconds=quarter * QUARTER_S)
        building_w = sum(
            ma_to_w(load, voltage_v=volts, phases=1)
            for circuit in tree.circuits.values()
            for load in readings.expected_ma(circuit, at, cluster.community.time_zone)
        )
        free = 1 - (building_w + cars_w[quarter]) / capacity_w if capacity_w else 0.0
        found.append(max(0, min(100, int(100 * free) // GRAIN_PCT * GRAIN_PCT)))
    return found


def _loads(cluster: Cluster, tree: topology.Tree, *, start: datetime, now: datetime) -> Iterable[Load]:
    ahead_s = (start - now).total_seconds()
    for demand in expected_arrivals(cluster, tree, now=now):
        yield demand.remaining_wh or 0.0, demand.arrive_s - ahead_s, (demand.depart_s or 0) - ahead_s
    slots = SlotRequest.objects.filter(cluster=cluster, state__in=OPEN_SLOT_STATES, ready_by__gt=now)
    for slot in slots.select_related("session"):
        received_wh = slot.session.stay_energy_wh if slot.session is not None else 0
        begins_at = max(now, slot.not_before)
        yield (
            float(max(0, slot.promised_wh - received_wh)),
            (begins_at - start).total_seconds(),
            (slot.ready_by - start).total_seconds(),
        )


def _spread_w(loads: Iterable[Load], count: int) -> list[float]:
    """Mean power of each quarter, with each energy spread evenly over its time."""
    power_w = [0.0] * count
    for energy_wh, begin_s, end_s in loads:
        span_s = max(float(QUARTER_S), end_s - begin_s)
        mean_w = energy_wh * 3600 / span_s
        for quarter in range(max(0, int(begin_s // QUARTER_S)), min(count, int(-(-end_s // QUARTER_S)))):
            within_s = min(end_s, (quarter + 1) * QUARTER_S) - max(begin_s, quarter * QUARTER_S)
            power_w[quarter] += mean_w * within_s / QUARTER_S
    return power_w
