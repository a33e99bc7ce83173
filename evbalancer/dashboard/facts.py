"""What a cluster's live picture is drawn from, read in a number of queries that no connector adds to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from chargers.domain import draws
from chargers.domain.draws import Draw
from chargers.enums import SessionState
from chargers.models import Connector, Session, StrayDraw
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.domain import demand, limits, readings, topology
from grid.models import Cluster, DemandInterval, DemandTarget, TemporaryLimit
from scheduling.domain import troubles, wording
from scheduling.enums import EmergencyState
from scheduling.models import Allotment, BalanceTrouble, EmergencyRequest, RebalanceRun, SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES


@dataclass(frozen=True)
class Place:
    """A connector with what happens on it, in the one vocabulary of states."""

    connector: Connector
    session: Session | None
    slot: SlotRequest | None
    emergency: EmergencyRequest | None
    state: wording.Word
    why: str
    draw: Draw | None

    @property
    def allotment(self) -> Allotment | None:
        return getattr(self.connector, "allotment", None)

    @property
    def reserved_ma(self) -> PhaseMilliamps:
        """As the balancer last counted it."""
        return self.connector.reservation_ma

    @property
    def charging(self) -> bool:
        return self.state in (wording.Word.CHARGING, wording.Word.EMERGENCY)

    @cached_property
    def measured_ma(self) -> PhaseMilliamps:
        """What the car was last measured to draw, per grid phase; nothing when that is not known any more."""
        return ZERO_MA if self.draw is None else self.draw.current_ma

    @property
    def power_w(self) -> int | None:
        return None if self.draw is None else self.draw.power_w


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
    places: Sequence[Place]
    run: RebalanceRun | None
    troubles: Sequence[BalanceTrouble]

    def at_and_below(self, circuit_id: UUID) -> list[Place]:
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
    tree = topology.tree(cluster)
    metered = {pk for pk, circuit in tree.circuits.items() if circuit.has_meter}
    return Facts(
        cluster=cluster,
        now=now,
        tree=tree,
        limits=limits.open_limits(cluster, now=now),
        base_ma=readings.base_loads_ma(cluster, tree, now=now),
        silent_meters=frozenset(metered - _speaking(metered, now=now)),
        intervals=_intervals(cluster, now=now),
        places=_places(cluster, now=now),
        run=RebalanceRun.objects.filter(cluster=cluster).order_by("-at").first(),
        troubles=troubles.standing(cluster.pk),
    )


def _intervals(cluster: Cluster, *, now: datetime) -> list[DemandInterval]:
    targets = DemandTarget.objects.filter(circuit__cluster=cluster, circuit__retired_at=None, active=True)
    return [row for _, row in sorted(demand.open_intervals(targets, now=now).items())]


def _speaking(metered: set[UUID], *, now: datetime) -> set[UUID]:
    if not metered:
        return set()
    recent = readings.current_readings(metered, since=now - readings.SILENT_AFTER)
    return set(recent.order_by().values_list("circuit_id", flat=True).distinct())


def _places(cluster: Cluster, *, now: datetime) -> list[Place]:
    connectors = Connector.objects.filter(
        charge_point__cluster=cluster,
        charge_point__retired_at=None,
        retired_at=None,
    ).select_related("charge_point", "circuit", "allotment")
    open_sessions = Session.objects.filter(connector__charge_point__cluster=cluster).exclude(
        state=SessionState.ENDED,
    )
    sessions = {row.connector_id: row for row in open_sessions.select_related("driver", "vehicle")}
    slots = SlotRequest.objects.filter(cluster=cluster, session__isnull=False, state__in=OPEN_SLOT_STATES)
    slot_of = {row.session_id: row for row in slots}
    accepted = EmergencyRequest.objects.filter(
        session__connector__charge_point__cluster=cluster,
        state=EmergencyState.ACCEPTED,
        until__gt=now,
    )
    emergency_of = {row.session_id: row for row in accepted}
    strays = StrayDraw.objects.filter(
        connector__charge_point__cluster=cluster, drawn_at__gt=now - draws.FRESH
    )
    stray_of = {stray.connector_id: stray for stray in strays}
    places = []
    for connector in sorted(connectors, key=_by_name):
        session = sessions.get(connector.pk)
        pk = session.pk if session is not None else None
        places.append(
            _place(
                connector,
                session,
                slot_of.get(pk),
                emergency_of.get(pk),
                stray_of.get(connector.pk),
                voltage_v=cluster.voltage_v,
                now=now,
            ),
        )
    return places


def _place(
    connector: Connector,
    session: Session | None,
    slot: SlotRequest | None,
    emergency: EmergencyRequest | None,
    stray: StrayDraw | None,
    *,
    voltage_v: int,
    now: datetime,
) -> Place:
    allotment = getattr(connector, "allotment", None)
    urgent = emergency is not None
    return Place(
        connector=connector,
        session=session,
        slot=slot,
        emergency=emergency,
        state=wording.connector_state(connector, session, now, allotment=allotment, emergency=urgent),
        why=wording.sentence(
            allotment, connector=connector, session=session, now=now, emergency=urgent, brief=True
        ),
        draw=draws.draw_now(
            session, stray, wiring=draws.wiring_of(connector, session, nominal_v=voltage_v), now=now
        ),
    )


def _by_name(connector: Connector) -> tuple[list[tuple[int, str]], int]:
    """A-2 before A-10."""
    parts = re.split(r"(\d+)", connector.charge_point.name)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts], connector.number
