"""What a cluster's live picture is drawn from, read in a number of queries that no connector adds to."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from chargers.models import Connector
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.domain import demand, limits, readings, topology
from grid.models import Cluster, DemandInterval, DemandTarget, TemporaryLimit
from scheduling.domain.alarms.wording import alarms_of_cluster
from scheduling.domain.balancing import troubles
from scheduling.domain.balancing.attendance import Absence, find_absences
from scheduling.domain.picture import places, states
from scheduling.domain.picture.places import Place
from scheduling.domain.picture.states import PlaceState
from scheduling.domain.telling import wording
from scheduling.models import Alarm, BalanceTrouble, RebalanceRun


@dataclass(frozen=True, slots=True)
class ShownPlace(Place):
    """A place with its state and the sentence why, in the language that is active."""

    state: PlaceState
    why: str

    @property
    def reserved_ma(self) -> PhaseMilliamps:
        """As the balancer last counted it."""
        return self.connector.reservation_ma

    @property
    def charging(self) -> bool:
        return self.state in (PlaceState.CHARGING, PlaceState.EMERGENCY)

    @property
    def needs_a_person(self) -> bool:
        return states.needs_a_person(self, self.state)


@dataclass(frozen=True)
class Facts:
    cluster: Cluster
    now: datetime
    tree: topology.Tree
    limits: Sequence[TemporaryLimit]
    base_ma: Mapping[UUID, PhaseMilliamps]
    silent_meters: frozenset[UUID]
    # The metering intervals of this moment, where a target for billed power is set.
    intervals: Sequence[DemandInterval]
    places: Sequence[ShownPlace]
    run: RebalanceRun | None
    troubles: Sequence[BalanceTrouble]
    # Raised and open, those that endanger charging.
    alarms: Sequence[Alarm]

    @cached_property
    def absence(self) -> Absence | None:
        """Nobody balances the cluster, or a stand-in does. Read once, by the first part of a page that asks."""
        return next(iter(find_absences([self.cluster.pk], now=self.now)), None)

    @cached_property
    def space_names(self) -> Mapping[UUID, str]:
        """By connector: its charge point's name, and its number where that has several."""
        per_charger = Counter(place.connector.charge_point_id for place in self.places)
        return {place.connector.pk: _space_name(place.connector, per_charger) for place in self.places}

    def at_and_below(self, circuit_id: UUID) -> list[ShownPlace]:
        return [place for place in self.places if circuit_id in self._path(place)]

    def building_ma(self, circuit_id: UUID) -> PhaseMilliamps:
        """Load of the building on the circuit and on everything below it."""
        total = ZERO_MA
        for pk, load in self.base_ma.items():
            if circuit_id in self.tree.paths[pk]:
                total = total.plus(load)
        return total

    def va(self, current_ma: PhaseMilliamps) -> int:
        return sum(current_ma) * self.cluster.voltage_v // 1000

    def _path(self, place: Place) -> tuple[UUID, ...]:
        return self.tree.paths.get(place.connector.circuit_id, ())


def gather(cluster: Cluster, *, now: datetime) -> Facts:
    tree = topology.read_tree(cluster)
    metered = {pk for pk, circuit in tree.circuits.items() if circuit.has_meter}
    return Facts(
        cluster=cluster,
        now=now,
        tree=tree,
        limits=limits.open_limits(cluster, now=now),
        base_ma=readings.base_loads_ma(cluster, tree, now=now),
        silent_meters=readings.find_silent_meters(metered, now=now),
        intervals=_intervals(cluster, now=now),
        places=_places(cluster, now=now),
        run=RebalanceRun.objects.filter(cluster=cluster).order_by("-at").first(),
        troubles=troubles.standing_troubles(cluster.pk),
        alarms=alarms_of_cluster(cluster.pk),
    )


def _space_name(connector: Connector, per_charger: Mapping[UUID, int]) -> str:
    name: str = connector.charge_point.name
    return name if per_charger[connector.charge_point_id] == 1 else f"{name}/{connector.number}"


def _intervals(cluster: Cluster, *, now: datetime) -> list[DemandInterval]:
    targets = DemandTarget.objects.filter(circuit__cluster=cluster, circuit__retired_at=None, active=True)
    return [row for _, row in sorted(demand.open_intervals(targets, now=now).items())]


def _places(cluster: Cluster, *, now: datetime) -> list[ShownPlace]:
    connectors = list(
        Connector.objects.filter(
            charge_point__cluster=cluster, charge_point__retired_at=None, retired_at=None
        ).select_related("charge_point", "circuit")
    )
    for connector in connectors:
        connector.charge_point.cluster = cluster
    here = places.of_cluster(cluster)
    sessions = places.open_sessions(**here).select_related("driver", "vehicle")
    found = places.read_places(sorted(connectors, key=_by_name), sessions, now=now, **here)
    return [_shown(place, now=now) for place in found]


def _shown(place: Place, *, now: datetime) -> ShownPlace:
    state = states.state_of(place, now=now)
    return ShownPlace(
        *place.parts, state=state, why=wording.reason_sentence(place, state, now=now, brief=True)
    )


def _by_name(connector: Connector) -> tuple[list[tuple[int, str]], int]:
    """A-2 before A-10."""
    parts = re.split(r"(\d+)", connector.charge_point.name)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts], connector.number
