"""The present of connectors: the one reading that the balancer, pages, the back office and the API build on.

Callers bring the connectors and their open sessions, with what else they need of both selected, and the lookup that finds what
belongs to those connectors. The rest is read in four queries, however many connectors there are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from chargers.domain.metering import draws
from chargers.domain.metering.draws import Draw
from chargers.enums import SessionState
from chargers.models import Connector, Session, StrayDraw
from chargers.models.session import OPEN_STATES
from evbalancer.common.db.prepared import One, prepared
from evbalancer.common.units import ZERO_MA, PhaseMilliamps
from grid.models import Cluster
from scheduling.enums import EmergencyState, SlotState
from scheduling.models import Allotment, EmergencyRequest, SlotRequest

Parts = tuple[
    Connector,
    Session | None,
    SlotRequest | None,
    EmergencyRequest | None,
    Allotment | None,
    UUID | None,
    Draw | None,
]


@dataclass(frozen=True, slots=True)
class Place:
    """A connector with what happens on it now."""

    connector: Connector
    # The open one.
    session: Session | None
    slot: SlotRequest | None
    # The accepted one, while it lasts.
    emergency: EmergencyRequest | None
    # The connector's row, and the stay that it was last written for.
    allotment: Allotment | None
    allotted_stay_id: UUID | None
    # As measured within a minute. None is not 0: then the reservation counts.
    draw: Draw | None

    @property
    def parts(self) -> Parts:
        """For a class that adds its own."""
        return (
            self.connector,
            self.session,
            self.slot,
            self.emergency,
            self.allotment,
            self.allotted_stay_id,
            self.draw,
        )

    @property
    def history(self) -> Allotment | None:
        """The connector's row about this stay: another transaction of the stay is not another car."""
        row, session = self.allotment, self.session
        if row is None or session is None:
            return None
        return row if row.session_id == session.pk or self.allotted_stay_id == session.stay_id else None

    @property
    def running(self) -> bool:
        return self.session is not None and self.session.state == SessionState.ACTIVE

    @property
    def measured_ma(self) -> PhaseMilliamps:
        """The draw measured a moment ago, per grid phase; empty if unknown."""
        return ZERO_MA if self.draw is None else self.draw.current_ma

    @property
    def power_w(self) -> int | None:
        return None if self.draw is None else self.draw.power_w


def of_cluster(cluster: Cluster | One) -> dict[str, Any]:
    """The lookup by way of the cluster: a list of five hundred ids takes longer to write than the answer to read."""
    return {"connector__charge_point__cluster": cluster, "connector__retired_at": None}


def open_sessions(**here: Any) -> QuerySet[Session]:
    return Session.objects.filter(**here, state__in=OPEN_STATES).order_by()


def read_places(
    connectors: Iterable[Connector], sessions: Iterable[Session], *, now: datetime, **here: Any
) -> list[Place]:
    """A place for each connector, in their order; each has its `charge_point.cluster` selected.

    `here` is the lookup from a row to its connector, as `of_cluster` gives it.
    """
    return _put_together(
        connectors,
        sessions,
        slots=_slots(**here),
        emergencies=_emergencies(now, **here),
        strays=_strays(now - draws.FRESH, **here),
        rows=_allotments(**here),
        now=now,
    )


def read_cluster_places(
    cluster: Cluster, connectors: Iterable[Connector], sessions: Iterable[Session], *, now: datetime
) -> list[Place]:
    """The same for all connectors of a cluster: every rebalance asks."""
    return _put_together(
        connectors,
        sessions,
        slots=_slots_of_cluster(cluster_id=cluster.pk),
        emergencies=_emergencies_of_cluster(cluster_id=cluster.pk, now=now),
        strays=_strays_of_cluster(cluster_id=cluster.pk, since=now - draws.FRESH),
        rows=_allotments_of_cluster(cluster_id=cluster.pk),
        now=now,
    )


def _slots(**here: Any) -> QuerySet[SlotRequest]:
    return SlotRequest.objects.filter(**_by_session(here), state=SlotState.ACTIVE)


def _emergencies(now: datetime | One, **here: Any) -> QuerySet[EmergencyRequest]:
    return EmergencyRequest.objects.filter(**_by_session(here), state=EmergencyState.ACCEPTED, until__gt=now)


def _strays(since: datetime | One, **here: Any) -> QuerySet[StrayDraw]:
    return StrayDraw.objects.filter(**here, drawn_at__gt=since)


def _allotments(**here: Any) -> QuerySet[Any]:
    return Allotment.objects.filter(**here).annotate(stay_id=F("session__stay_id"))


def _by_session(here: Mapping[str, Any]) -> dict[str, Any]:
    return {f"session__{lookup}": value for lookup, value in here.items()}


@prepared
def _slots_of_cluster(cluster_id: One) -> QuerySet[SlotRequest]:
    return _slots(**of_cluster(cluster_id))


@prepared
def _emergencies_of_cluster(cluster_id: One, now: One) -> QuerySet[EmergencyRequest]:
    return _emergencies(now, **of_cluster(cluster_id))


@prepared
def _strays_of_cluster(cluster_id: One, since: One) -> QuerySet[StrayDraw]:
    return _strays(since, **of_cluster(cluster_id))


@prepared
def _allotments_of_cluster(cluster_id: One) -> QuerySet[Any]:
    return _allotments(**of_cluster(cluster_id))


def _put_together(
    connectors: Iterable[Connector],
    sessions: Iterable[Session],
    *,
    slots: Iterable[SlotRequest],
    emergencies: Iterable[EmergencyRequest],
    strays: Iterable[StrayDraw],
    rows: Iterable[Any],
    now: datetime,
) -> list[Place]:
    session_of = {session.connector_id: session for session in sessions}
    slot_of = {slot.session_id: slot for slot in slots}
    emergency_of = {emergency.session_id: emergency for emergency in emergencies}
    stray_of = {stray.connector_id: stray for stray in strays}
    row_of = {row.connector_id: row for row in rows}
    found = []
    for connector in connectors:
        session, row = session_of.get(connector.pk), row_of.get(connector.pk)
        session_id = session.pk if session is not None else None
        wiring = draws.wiring_of(connector, session, nominal_v=connector.charge_point.cluster.voltage_v)
        found.append(
            Place(
                connector=connector,
                session=session,
                slot=slot_of.get(session_id),
                emergency=emergency_of.get(session_id),
                allotment=row,
                allotted_stay_id=row.stay_id if row is not None else None,
                draw=draws.draw_now(session, stray_of.get(connector.pk), wiring=wiring, now=now),
            )
        )
    return found
