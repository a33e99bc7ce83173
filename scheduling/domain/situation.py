"""Everything one rebalance has to know, read under the cluster's lock in a constant number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from chargers.domain import limits as charger_limits
from chargers.enums import CommandKind, ConnectorStatus, SessionState
from chargers.models import ChargerCommand, Connector, Session
from chargers.models.charge_point import GRID_PHASE
from evbalancer.common.units import PhaseMilliamps
from grid.domain import limits, readings, topology
from grid.models import Cluster
from pricing.domain import tariffs
from scheduling.domain import fairness
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import Allotment, EmergencyRequest, SlotRequest

PRICE_PERIOD_S = 900
PRICE_HORIZON = 96


@dataclass(frozen=True, slots=True)
class Place:
    """A connector with what happens on it now."""

    connector: Connector
    session: Session | None
    slot: SlotRequest | None
    emergency: EmergencyRequest | None
    allotment: Allotment | None
    reserved_ma: int
    phases: tuple[int, ...]

    @property
    def load_ma(self) -> PhaseMilliamps:
        return PhaseMilliamps.on(self.phases, self.reserved_ma)

    @property
    def running(self) -> bool:
        return self.session is not None and self.session.state == SessionState.ACTIVE


@dataclass(frozen=True)
class Situation:
    cluster: Cluster
    now: datetime
    tree: topology.Tree
    aimed_ma: Mapping[UUID, PhaseMilliamps]
    base_ma: Mapping[UUID, PhaseMilliamps]
    places: tuple[Place, ...]
    weights: Mapping[UUID, float]
    prices_per_mwh: tuple[float, ...]

    @cached_property
    def capacity_ma(self) -> Mapping[UUID, PhaseMilliamps]:
        """What cars and reservations may take per circuit and phase: limit less building load below it less margin."""
        building = dict.fromkeys(self.tree.circuits, PhaseMilliamps(0, 0, 0))
        for pk, load in self.base_ma.items():
            for above in self.tree.paths[pk]:
                building[above] = building[above].plus(load)
        margin = self.cluster.margin_ma
        return {
            pk: PhaseMilliamps(
                *(limit - load - margin for limit, load in zip(self.aimed_ma[pk], building[pk], strict=True))
            )
            for pk in self.tree.circuits
        }

    def online(self, place: Place) -> bool:
        until = place.connector.charge_point.online_until
        return until is not None and until > self.now

    def controllable(self, place: Place) -> bool:
        """Its limit can be changed now and the answer be believed."""
        connector = place.connector
        return (
            self.online(place)
            and connector.fallback_ma is not None
            and connector.uncontrollable_since is None
            and connector.status not in (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)
        )


def read(cluster: Cluster, *, now: datetime) -> Situation:
    """The cluster as it stands. The caller holds its lock; connectors are locked until the transaction ends."""
    tree = topology.tree(cluster)
    places = tuple(_places(cluster, now=now))
    drivers = {
        place.session.driver_id for place in places if place.session is not None and place.session.driver_id
    }
    return Situation(
        cluster=cluster,
        now=now,
        tree=tree,
        aimed_ma=limits.aimed_limits_ma(tree.circuits.values(), limits.open_limits(cluster, now=now)),
        base_ma=readings.base_loads_ma(cluster, tree, now=now),
        places=places,
        weights=fairness.ledger_weights(cluster, drivers, now=now),
        prices_per_mwh=tuple(
            tariffs.prices_per_mwh(
                cluster.community, start=now, step=timedelta(seconds=PRICE_PERIOD_S), count=PRICE_HORIZON
            ),
        ),
    )


def _places(cluster: Cluster, *, now: datetime) -> list[Place]:
    connectors = list(
        Connector.objects.select_for_update(of=("self",))
        .filter(charge_point__cluster=cluster, retired_at=None, charge_point__retired_at=None)
        .select_related("charge_point")
        .order_by("pk"),
    )
    ids = [connector.pk for connector in connectors]
    open_sessions = Session.objects.filter(connector_id__in=ids).exclude(state=SessionState.ENDED)
    sessions = {session.connector_id: session for session in open_sessions.select_related("vehicle")}
    session_ids = [session.pk for session in sessions.values()]
    slots = SlotRequest.objects.filter(session_id__in=session_ids, state=SlotState.ACTIVE)
    slot_of = {slot.session_id: slot for slot in slots}
    emergencies = EmergencyRequest.objects.filter(
        session_id__in=session_ids,
        state=EmergencyState.ACCEPTED,
        until__gt=now,
    )
    emergency_of = {emergency.session_id: emergency for emergency in emergencies}
    allotment_of = {
        allotment.connector_id: allotment for allotment in Allotment.objects.filter(connector_id__in=ids)
    }
    places = []
    for connector in connectors:
        session = sessions.get(connector.pk)
        places.append(
            Place(
                connector=connector,
                session=session,
                slot=slot_of.get(session.pk) if session else None,
                emergency=emergency_of.get(session.pk) if session else None,
                allotment=allotment_of.get(connector.pk),
                reserved_ma=charger_limits.hold_of(connector).reservation_ma(now),
                phases=_phases(connector, session),
            ),
        )
    return places


def _phases(connector: Connector, session: Session | None) -> tuple[int, ...]:
    """The grid phases this car was seen to load, else all that the connector is wired to."""
    if session is None or session.state != SessionState.ACTIVE or not session.phases_seen:
        return connector.wired_phases
    return tuple(GRID_PHASE[letter] for letter in session.phases_seen)


def newest_commands(kinds: list[CommandKind], charge_point_ids: list[UUID], *, since: datetime) -> set[UUID]:
    """Charge points that were sent a command of these kinds since then."""
    recent = ChargerCommand.objects.filter(
        charge_point_id__in=charge_point_ids, kind__in=kinds, queued_at__gt=since
    )
    return set(recent.values_list("charge_point_id", flat=True))
