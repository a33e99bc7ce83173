"""The highest load of a connection as it was, against that of the same cars charging at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evbalancer.common.units import ma_to_w
from grid.domain import readings, topology
from grid.models import Cluster, DemandInterval
from pricing.domain.reports.profiles import at_once_wh
from pricing.models import LoadProfile
from pricing.rating.at_once import HOUR_S
from pricing.signals.series import QUARTER, QUARTER_S

PER_HOUR = HOUR_S // QUARTER_S


@dataclass(frozen=True, slots=True)
class Loads:
    """Mean power of the connection in each quarter from `start`, in W. `counted`: the quarters in which it was counted; in the
    others it is the cars and the building's usual load.

    `at_once_w` is the load with the same cars charging at once, at most `limit_w`: more could not have flowed.
    """

    start: datetime
    actual_w: tuple[int, ...]
    at_once_w: tuple[int, ...]
    limit_w: int
    counted: frozenset[int]

    @property
    def measured(self) -> int:
        return len(self.counted)

    @property
    def avoided_w(self) -> int:
        """Below zero where the peak was higher than at once."""
        return max(self.at_once_w, default=0) - max(self.actual_w, default=0)


def read_loads(
    cluster: Cluster, profiles: Collection[LoadProfile], *, start: datetime, count: int
) -> Loads | None:
    """None without a circuit."""
    tree = topology.read_tree(cluster)
    if not tree.circuits:
        return None
    cars_w = _sum_w(((row.begins_at, row.energies_wh) for row in profiles), start=start, count=count)
    at_once_w = _sum_w(map(at_once_wh, profiles), start=start, count=count)
    counted = _counted_w(tree.root.pk, start=start, count=count)
    actual_w = [
        counted[at] if at in counted else cars_w[at] + _usual_w(tree, cluster, start + at * QUARTER)
        for at in range(count)
    ]
    limit_w = sum(ma_to_w(each, voltage_v=cluster.voltage_v, phases=1) for each in tree.root.limit_ma)
    # What flowed beside the cars flows either way.
    moved_w = (
        actual - cars + at_once for actual, cars, at_once in zip(actual_w, cars_w, at_once_w, strict=True)
    )
    return Loads(
        start,
        tuple(actual_w),
        tuple(
            max(0, min(each, max(limit_w, actual))) for each, actual in zip(moved_w, actual_w, strict=True)
        ),
        limit_w,
        frozenset(counted),
    )


def _sum_w(energies: Iterable[tuple[datetime, Sequence[int]]], *, start: datetime, count: int) -> list[int]:
    power_w = [0] * count
    for begins_at, quarters_wh in energies:
        offset = (begins_at - start) // QUARTER
        for at, energy_wh in enumerate(quarters_wh, start=offset):
            if 0 <= at < count:
                power_w[at] += energy_wh * PER_HOUR
    return power_w


def _counted_w(circuit_id: UUID, *, start: datetime, count: int) -> dict[int, int]:
    """By quarter, the mean of what was counted as a metering interval of a quarter of an hour."""
    rows = DemandInterval.objects.filter(
        circuit_id=circuit_id,
        finished=True,
        length_s=QUARTER_S,
        begin__gte=start,
        begin__lt=start + count * QUARTER,
    )
    return {
        (begin - start) // QUARTER: used_ws // QUARTER_S
        for begin, used_ws in rows.order_by("begin").values_list("begin", "used_ws")
    }


def _usual_w(tree: topology.Tree, cluster: Cluster, at: datetime) -> int:
    """The building by its usual curve."""
    return sum(
        ma_to_w(load, voltage_v=cluster.voltage_v, phases=1)
        for circuit in tree.circuits.values()
        for load in readings.expected_ma(circuit, at, cluster.community.time_zone)
    )
