"""The demand guard: from a target of billed power to a limit of currents, computed at each rebalance (docs/adr/0041).

It bounds what is granted now and not what lapses later: a bill is not a fuse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.units import MILLI, PHASES, ZERO_MA, PhaseMilliamps
from grid.domain import demand
from grid.domain.topology import Tree
from grid.models import Cluster, DemandInterval, DemandTarget
from scheduling.rules.demand import Meter, cannot_hold, cars_may_take_w, interval_at

if TYPE_CHECKING:
    from scheduling.domain.balancing.situation import ExposedPlace

STEP_S = 5


@dataclass(frozen=True, slots=True)
class Building:
    """Load per circuit without what is below it: now, and at most before cars can follow. Surplus at the connection."""

    now_ma: Mapping[UUID, PhaseMilliamps]
    soon_ma: Mapping[UUID, PhaseMilliamps]
    surplus_ma: PhaseMilliamps


@dataclass(frozen=True, slots=True)
class Guard:
    """The power that one target leaves, and the intervals to store."""

    circuit_id: UUID
    limit_ma: PhaseMilliamps
    cars_w: int
    rows: Sequence[DemandInterval]


def read_guards(
    cluster: Cluster, tree: Tree, places: Sequence["ExposedPlace"], building: Building, *, now: datetime
) -> tuple[Guard, ...]:
    """One for each target in use; two queries, and one more where a target follows the month's highest."""
    targets = [
        target for target in _active_targets(cluster_id=cluster.pk) if target.circuit_id in tree.circuits
    ]
    if not targets:
        return ()
    counted = demand.read_recent(targets, now=now)
    following = [target.circuit_id for target in targets if target.ratchet]
    peaks_w: Mapping[UUID, int] = {}
    if following:
        peaks_w = demand.month_peaks_w(following, time_zone=cluster.community.time_zone, now=now)
    return tuple(
        _Site(cluster, tree, places, building, target.circuit_id, now).guard(
            target, counted.get(target.circuit_id, ()), peak_w=peaks_w.get(target.circuit_id, 0)
        )
        for target in targets
    )


@prepared
def _active_targets(cluster_id: One) -> QuerySet[DemandTarget]:
    return DemandTarget.objects.filter(circuit__cluster=cluster_id, active=True)


def lowered_ma(
    near_ma: Mapping[UUID, PhaseMilliamps], found: Sequence[Guard]
) -> Mapping[UUID, PhaseMilliamps]:
    lowered = dict(near_ma)
    for guard in found:
        lowered[guard.circuit_id] = PhaseMilliamps(*map(min, lowered[guard.circuit_id], guard.limit_ma))
    return lowered


def store_guards(found: Sequence[Guard]) -> None:
    for guard in found:
        demand.store_intervals(guard.rows)


@dataclass(frozen=True, slots=True)
class _Site:
    """A guarded circuit with everything at and below it."""

    cluster: Cluster
    tree: Tree
    all_places: Sequence["ExposedPlace"]
    building: Building
    circuit_id: UUID
    now: datetime

    def guard(self, target: DemandTarget, counted: Sequence[DemandInterval], *, peak_w: int) -> Guard:
        target_w = max(target.target_w, peak_w)
        length_s = target.interval_min * 60
        interval = interval_at(self.now, length_s=length_s)
        now_ma, soon_ma = self._below(self.building.now_ma), self._below(self.building.soon_ma)
        is_connection = self.tree.circuits[self.circuit_id].parent_id is None
        fed_in_w = self._w(self.building.surplus_ma) if is_connection else 0
        base_w, high_w = self._w(now_ma) - fed_in_w, self._w(soon_ma)
        reserved_w, floor_ma = self._w(self._sum_reserved()), self._floor_ma()
        rows = demand.count_intervals(
            target,
            counted,
            begin=interval.begin,
            load_w=base_w + self._measured_w(),
            highest_w=self._w(self._most_ma()) + reserved_w,
            target_w=target_w,
            now=self.now,
        )
        meter = Meter(
            target_w=target_w,
            length_s=length_s,
            left_s=interval.left_s(self.now),
            used_ws=rows[-1].used_ws,
            base_w=base_w + self._w(floor_ma),
            base_high_w=high_w + self._w(floor_ma),
            cars_w=max(0, reserved_w - self._w(floor_ma)),
            lag_s=self.cluster.cut_notice_s,
            step_s=STEP_S,
        )
        rows[-1].cannot_hold = cannot_hold(meter)
        cars_w = cars_may_take_w(meter)
        beyond_ma = self._spread(cars_w * MILLI // self.cluster.voltage_v)
        margin_ma = PhaseMilliamps(*[self.cluster.margin_ma] * 3)
        limit_ma = soon_ma.plus(margin_ma).plus(floor_ma).plus(beyond_ma)
        return Guard(self.circuit_id, limit_ma, cars_w + self._w(floor_ma), rows)

    @property
    def places(self) -> list["ExposedPlace"]:
        return [
            place
            for place in self.all_places
            if self.circuit_id in self.tree.paths.get(place.connector.circuit_id, ())
        ]

    def _below(self, by_circuit: Mapping[UUID, PhaseMilliamps]) -> PhaseMilliamps:
        total = ZERO_MA
        for pk, load_ma in by_circuit.items():
            if self.circuit_id in self.tree.paths[pk]:
                total = total.plus(load_ma)
        return total

    def _most_ma(self) -> PhaseMilliamps:
        return self._below({pk: circuit.base_load_max_ma for pk, circuit in self.tree.circuits.items()})

    def _w(self, current_ma: PhaseMilliamps) -> int:
        return sum(current_ma) * self.cluster.voltage_v // MILLI

    def _measured_w(self) -> int:
        """Of each connector what was measured a moment ago, else what is reserved for it."""
        total = ZERO_MA
        for place in self.places:
            total = total.plus(place.drawn_ma)
        return self._w(total)

    def _sum_reserved(self) -> PhaseMilliamps:
        total = ZERO_MA
        for place in self.places:
            total = total.plus(place.load_ma)
        return total

    def _floor_ma(self) -> PhaseMilliamps:
        """The power that the community guarantees to charging cars at any price: their fallbacks."""
        total = ZERO_MA
        for place in self.places:
            if place.running:
                total = total.plus(PhaseMilliamps.on(place.phases, place.connector.fallback_ma or 0))
        return total

    def _spread(self, current_ma: int) -> PhaseMilliamps:
        """Over the phases as the cars that are here load them: a single phase may take what two leave."""
        wanted = ZERO_MA
        for place in self.places:
            if place.running:
                wanted = wanted.plus(PhaseMilliamps.on(place.phases, place.connector.max_current_ma))
            else:
                wanted = wanted.plus(place.load_ma)
        total = sum(wanted)
        if not total:
            return PhaseMilliamps(*[current_ma // len(PHASES)] * 3)
        return PhaseMilliamps(*(current_ma * part // total for part in wanted))
