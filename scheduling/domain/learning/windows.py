"""Which connector stands free when, and the phases and currents that a car would load there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chargers.enums import ConnectorStatus, SessionState
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES
from fleet.models import Vehicle
from grid.models import Cluster
from scheduling.models import SlotRequest
from scheduling.models.slot_request import OPEN_SLOT_STATES

OUT_OF_ORDER = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)
# A car that stands there without a word on its departure is expected to be gone after this.
USUAL_STAY = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The cluster's connectors, open slots and open sessions, read once under its lock."""

    connectors: Sequence[Connector]
    slots: Sequence[SlotRequest]
    sessions: Sequence[Session]

    def free(
        self, start: datetime, end: datetime, *, vehicle: Vehicle | None, now: datetime
    ) -> list[Connector]:
        """Connectors nobody booked, planned or occupies in this window, best known first."""
        meeting = [slot for slot in self.slots if slot.not_before < end and start < slot.ready_by]
        taken = {slot.planned_connector_id for slot in meeting} | {slot.connector_id for slot in meeting}
        for session in self.sessions:
            if self._stays_until(session, now=now) > start and not _is_of(session, vehicle):
                taken.add(session.connector_id)
        return [row for row in self.connectors if row.pk not in taken and row.status not in OUT_OF_ORDER]

    def standing(self, vehicle: Vehicle | None) -> Connector | None:
        """Where this car is plugged in already."""
        here = next((session for session in self.sessions if _is_of(session, vehicle)), None)
        return next(
            (row for row in self.connectors if here is not None and row.pk == here.connector_id), None
        )

    def charges(self, connector: Connector) -> bool:
        """Whether a transaction runs there."""
        return any(
            session.connector_id == connector.pk and session.state == SessionState.ACTIVE
            for session in self.sessions
        )

    def of_vehicle(self, vehicle: Vehicle, start: datetime, end: datetime) -> list[SlotRequest]:
        return [
            slot
            for slot in self.slots
            if slot.vehicle_id == vehicle.pk and slot.not_before < end and start < slot.ready_by
        ]

    def without(self, slot: SlotRequest | None) -> "Calendar":
        if slot is None:
            return self
        return replace(self, slots=[row for row in self.slots if row.pk != slot.pk])

    def _stays_until(self, session: Session, *, now: datetime) -> datetime:
        slot = next((row for row in self.slots if row.session_id == session.pk), None)
        return slot.ready_by if slot is not None and slot.ready_by > now else now + USUAL_STAY


def read_calendar(cluster: Cluster, *, now: datetime) -> Calendar:
    connectors = Connector.objects.filter(
        charge_point__cluster=cluster,
        retired_at__isnull=True,
        charge_point__retired_at__isnull=True,
    ).select_related("charge_point")
    slots = SlotRequest.objects.filter(cluster=cluster, state__in=OPEN_SLOT_STATES, ready_by__gt=now)
    sessions = Session.objects.filter(connector__charge_point__cluster=cluster, state__in=OPEN_STATES)
    return Calendar(
        connectors=list(connectors.order_by("charge_point__name", "number")),
        slots=list(
            slots.select_related("vehicle", "planned_connector", "session").order_by("created_at", "pk")
        ),
        sessions=list(sessions.select_related("vehicle")),
    )


def phases_of_car(connector: Connector, vehicle: Vehicle | None) -> tuple[int, ...]:
    """Grid phases a car loads there: as many as its charger has, in the connector's order; all when unknown."""
    wired = connector.wired_phases
    if vehicle is None or not connector.phase_rotation:
        return wired
    return wired[: vehicle.phases]


def max_ma(connector: Connector, vehicle: Vehicle | None) -> int:
    return int(
        connector.max_current_ma if vehicle is None else min(connector.max_current_ma, vehicle.max_current_ma)
    )


def power_phases(connector: Connector, vehicle: Vehicle | None) -> int:
    """Phases that carry power: never more than the car has, where that is known."""
    wired = len(connector.wired_phases) if connector.phase_rotation else 1
    return min(wired, vehicle.phases) if vehicle is not None else wired


def _is_of(session: Session, vehicle: Vehicle | None) -> bool:
    return vehicle is not None and session.vehicle_id == vehicle.pk
