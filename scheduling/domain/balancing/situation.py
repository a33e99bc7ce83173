"""Everything one rebalance has to know, read under the cluster's lock in a constant number of queries."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from chargers.domain import presence
from chargers.domain.limits import exposures
from chargers.domain.limits.managed import is_managed
from chargers.domain.makes import makes
from chargers.domain.sessions import needs
from chargers.enums import CommandKind, ConnectorStatus
from chargers.exposure import Exposure
from chargers.models import ChargerCommand, Connector, Session
from evbalancer.common.beside import Beside
from evbalancer.common.db.prepared import One, Several, prepared
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from fleet.domain import stays
from grid.domain import imports, limits, readings, topology
from grid.models import Cluster, TemporaryLimit
from scheduling import solver
from scheduling.domain.balancing import demand, gate
from scheduling.domain.balancing.taking import Taking, observe_taking
from scheduling.domain.learning import aims, arrivals, fairness, habits
from scheduling.domain.learning.aims import Aimed
from scheduling.domain.picture import places
from scheduling.domain.picture.places import Place
from scheduling.enums import BalanceStep
from scheduling.rules.guard import Learnt

RISE_SHARE = 4
CHARGED_PCT = 100
# Renewed keep-downs outlast the leases granted meanwhile, with the time that answers and cars take.
KEEP_DOWN_BEYOND_S = 50
GRACE_S = 10


@dataclass(frozen=True, slots=True)
class ExposedPlace(Place):
    """A place with everything that its charger may hold for it."""

    exposure: Exposure
    load_ma: PhaseMilliamps
    # The newest limit that is queued or on the wire.
    asked_ma: int | None
    seen_s: float

    @property
    def reserved_ma(self) -> int:
        return max(self.load_ma)

    @property
    def phases(self) -> tuple[int, ...]:
        """The grid phases this car was seen to load, else all that the connector is wired to."""
        return self.exposure.own

    @property
    def drawn_ma(self) -> PhaseMilliamps:
        """Its draw: as measured, else the most that it may be drawing."""
        return self.load_ma if self.draw is None else self.draw.current_ma


@dataclass(frozen=True)
class Situation:
    cluster: Cluster
    now: datetime
    tree: topology.Tree
    # Temporary limits that are announced or in force, and what they leave of each circuit.
    limits: tuple[TemporaryLimit, ...]
    aimed_ma: Mapping[UUID, PhaseMilliamps]
    # The same for what flows soon: limits on import widened by surplus, and what the demand guard leaves.
    near_ma: Mapping[UUID, PhaseMilliamps]
    # By how much limits on import are widened, per phase.
    import_room_ma: PhaseMilliamps
    guards: tuple[demand.Guard, ...]
    # The building's load now; the most on each circuit soon, and the most later if its meter falls silent.
    base_now_ma: Mapping[UUID, PhaseMilliamps]
    base_ma: Mapping[UUID, PhaseMilliamps]
    base_most_ma: Mapping[UUID, PhaseMilliamps]
    places: tuple[ExposedPlace, ...]
    full: AbstractSet[UUID]
    # The room in the battery of each session's car, if its charger reports the charge.
    room_wh: Mapping[UUID, int]
    weights: Mapping[UUID, float]
    learnt: Mapping[UUID, Learnt]
    # Cars that may yet come, as the solver's fractions of cars.
    expected: tuple[solver.Demand, ...]
    aimed: Aimed

    @cached_property
    def takings(self) -> Mapping[UUID, Taking]:
        """The lessons about each connector's car so far."""
        return {place.connector.pk: observe_taking(place, now=self.now) for place in self.places}

    @cached_property
    def capacity_ma(self) -> Mapping[UUID, PhaseMilliamps]:
        """The power for cars and reservations per circuit and phase: limit less building load below it less margin."""
        return self._capacity_beside(self.base_ma, self.near_ma)

    @cached_property
    def lasting_capacity_ma(self) -> Mapping[UUID, PhaseMilliamps]:
        """The same, for moments when the building may have risen to its maximum."""
        return self._capacity_beside(self.base_most_ma, self.aimed_ma)

    def _capacity_beside(
        self, base_ma: Mapping[UUID, PhaseMilliamps], aimed_ma: Mapping[UUID, PhaseMilliamps]
    ) -> Mapping[UUID, PhaseMilliamps]:
        building = dict.fromkeys(self.tree.circuits, PhaseMilliamps(0, 0, 0))
        for pk, load in base_ma.items():
            for above in self.tree.paths[pk]:
                building[above] = building[above].plus(load)
        margin = self.cluster.margin_ma
        return {
            pk: PhaseMilliamps(
                *(limit - load - margin for limit, load in zip(aimed_ma[pk], building[pk], strict=True))
            )
            for pk in self.tree.circuits
        }

    def online(self, place: Place) -> bool:
        return presence.is_online(place.connector.charge_point, now=self.now)

    def controllable(self, place: Place) -> bool:
        """Its limit can be changed now and the answer be believed."""
        connector = place.connector
        return (
            self.online(place)
            and is_managed(connector)
            and connector.status not in (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)
        )


def read_situation(cluster: Cluster, *, now: datetime, beside: Beside) -> Situation:
    """The cluster as it stands. The caller holds its lock; connectors are locked until the transaction ends.

    Rows that only bills, prices, fairness or advice need are read `beside` the rest: limits hold without them.
    """
    tree = topology.read_tree(cluster)
    found = tuple(_places(cluster, now=now))
    drivers = {
        place.session.driver_id for place in found if place.session is not None and place.session.driver_id
    }
    base_now_ma = readings.base_loads_ma(cluster, tree, now=now)
    base_ma, base_most_ma = _building(tree, base_now_ma)
    lowered = tuple(limits.open_limits(cluster, now=now))
    surplus_ma = readings.surplus_ma(tree, now=now)
    import_room_ma = _import_room_ma(surplus_ma, base_now_ma, base_ma)
    building = demand.Building(base_now_ma, base_ma, surplus_ma)
    guards: tuple[demand.Guard, ...] = beside.attempt(
        BalanceStep.BILLED_PEAK,
        lambda: demand.read_guards(cluster, tree, found, building, now=now),
        otherwise=(),
    )
    return Situation(
        cluster=cluster,
        now=now,
        tree=tree,
        limits=lowered,
        aimed_ma=limits.aimed_limits_ma(tree.circuits.values(), lowered),
        near_ma=demand.lowered_ma(imports.near_limits_ma(tree, lowered, import_room_ma), guards),
        import_room_ma=import_room_ma,
        guards=guards,
        base_now_ma=base_now_ma,
        base_ma=base_ma,
        base_most_ma=base_most_ma,
        places=found,
        full=beside.attempt(BalanceStep.CARS, lambda: _full(found, now=now), otherwise=frozenset()),
        room_wh=beside.attempt(BalanceStep.CARS, lambda: _room_wh(found), otherwise={}),
        weights=beside.attempt(
            BalanceStep.WEIGHTS,
            lambda: fairness.ledger_weights(cluster, drivers, now=now),
            otherwise={},
        ),
        learnt=beside.attempt(BalanceStep.HABITS, lambda: habits.learnt_of(drivers), otherwise={}),
        expected=beside.attempt(
            BalanceStep.ARRIVALS, lambda: arrivals.expected_arrivals(cluster, tree, now=now), otherwise=()
        ),
        aimed=beside.attempt(
            BalanceStep.AIM, lambda: aims.read_aim(cluster, tree, now=now), otherwise=aims.NO_AIM
        ),
    )


def _full(found: Sequence[Place], *, now: datetime) -> AbstractSet[UUID]:
    sessions = [place.session for place in found if place.session is not None]
    by_charger = {session.pk for session in sessions if session.charge_pct == CHARGED_PCT}
    return by_charger | stays.full_sessions([session.pk for session in sessions], now=now)


def _room_wh(found: Sequence[Place]) -> dict[UUID, int]:
    """By the charger's word and the driver's numbers: which of the driver's cars it is may rest on a car's word, and none of
    those may raise a limit."""
    charged = {
        place.session.pk: place.session
        for place in found
        if place.session is not None and place.session.charge_pct is not None
    }
    batteries = stays.largest_batteries_wh({pk: session.driver_id for pk, session in charged.items()})
    rooms = {
        pk: max(0, int(battery_wh * (100 - (charged[pk].charge_pct or 0)) // 100))
        for pk, battery_wh in batteries.items()
    }
    for place in found:
        asked_wh = None if place.session is None else needs.asked_room_wh(place.session)
        if place.session is not None and asked_wh is not None:
            rooms[place.session.pk] = min(asked_wh, rooms.get(place.session.pk, asked_wh))
    return rooms


def _building(
    tree: topology.Tree, base_now_ma: Mapping[UUID, PhaseMilliamps]
) -> tuple[Mapping[UUID, PhaseMilliamps], Mapping[UUID, PhaseMilliamps]]:
    """A measured load may rise while a lease runs, so the rise is kept free beforehand."""
    soon, most = {}, {}
    for pk, load in base_now_ma.items():
        circuit = tree.circuits[pk]
        highest = readings.highest_load_ma(circuit)
        most[pk] = PhaseMilliamps(*map(max, load, highest))
        if not circuit.has_meter:
            soon[pk] = load
            continue
        rise_ma = circuit.base_load_rise_ma
        rises = [part // RISE_SHARE for part in highest] if rise_ma is None else [rise_ma] * 3
        risen = [part + rise for part, rise in zip(load, rises, strict=True)]
        soon[pk] = PhaseMilliamps(*map(min, risen, most[pk]))
    return soon, most


def _import_room_ma(
    surplus_ma: PhaseMilliamps,
    base_now_ma: Mapping[UUID, PhaseMilliamps],
    base_soon_ma: Mapping[UUID, PhaseMilliamps],
) -> PhaseMilliamps:
    """Surplus, and with it the rise of the building, which is kept free for conductors and not for limits on import.

    Else the rise that is kept free would take the surplus before any car does.
    """
    rise = ZERO_MA
    for pk, soon in base_soon_ma.items():
        rise = rise.plus(soon.minus(base_now_ma[pk]))
    return PhaseMilliamps(
        *(spare + risen if spare > 0 else 0 for spare, risen in zip(surplus_ma, rise, strict=True))
    )


def _places(cluster: Cluster, *, now: datetime) -> list[ExposedPlace]:
    connectors = _connectors(cluster)
    sessions = _open_sessions(cluster_id=cluster.pk)
    spans = exposures.open_spans([connector.pk for connector in connectors])
    found = places.read_cluster_places(cluster, connectors, sessions, now=now)
    return [_held(place, spans.get(place.connector.pk, ()), now=now) for place in found]


def _held(place: Place, spans: exposures.Spans, *, now: datetime) -> ExposedPlace:
    session = place.session if place.running else None
    exposure = exposures.read_exposure(
        place.connector, phases_seen=session.phases_seen if session is not None else "", open_spans=spans
    )
    return ExposedPlace(
        *place.parts,
        exposure=exposure,
        load_ma=PhaseMilliamps(*exposure.worst(now.timestamp())),
        asked_ma=spans[-1].limit_ma if spans else None,
        seen_s=now.timestamp(),
    )


def _connectors(cluster: Cluster) -> list[Connector]:
    """Locked until the transaction ends; all of them share the cluster's row and those of the makes."""
    connectors = _locked_connectors(cluster_id=cluster.pk)
    makes.read_makes(connector.charge_point for connector in connectors)
    for connector in connectors:
        connector.charge_point.cluster = cluster
    return connectors


@prepared
def _open_sessions(cluster_id: One) -> QuerySet[Session]:
    return places.open_sessions(**places.of_cluster(cluster_id)).select_related("vehicle")


@prepared
def _locked_connectors(cluster_id: One) -> QuerySet[Connector]:
    return (
        Connector.objects.select_for_update(of=("self",), no_key=True)
        .filter(charge_point__cluster=cluster_id, retired_at=None, charge_point__retired_at=None)
        .select_related("charge_point")
        .order_by("pk")
    )


def limit_terms() -> gate.Terms:
    """How long limits are granted for on this installation."""
    return gate.Terms(
        lease_s=settings.LEASE_S,
        renew_lease_s=settings.LEASE_S / 2,
        keep_down_s=settings.HOLD_S,
        renew_keep_down_s=min(settings.LEASE_S + KEEP_DOWN_BEYOND_S, settings.HOLD_S * 0.6),
        horizon_s=max(settings.HOLD_S, settings.FALLBACK_WAIT_S) + KEEP_DOWN_BEYOND_S,
    )


def window_s(cluster: Cluster) -> float:
    """How long what is granted now may flow on; later the building may have risen to its maximum."""
    return limit_terms().lease_s + cluster.settle_s + GRACE_S


def newest_commands(kinds: list[CommandKind], charge_point_ids: list[UUID], *, since: datetime) -> set[UUID]:
    """Charge points that were sent a command of these kinds since then."""
    return set(_sent_since(kinds=kinds, charge_point_ids=charge_point_ids, since=since))


@prepared
def _sent_since(kinds: Several, charge_point_ids: Several, since: One) -> QuerySet[ChargerCommand, UUID]:
    recent = ChargerCommand.objects.filter(
        charge_point_id__in=charge_point_ids, kind__in=kinds, queued_at__gt=since
    )
    return recent.order_by().values_list("charge_point_id", flat=True)
