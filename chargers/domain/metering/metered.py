"""Connectors and sessions as metering needs them, and what a batch learns about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import FilteredRelation, Q

from chargers.domain.metering.draws import Wiring
from chargers.domain.metering.sequences import Heard
from chargers.enums import SessionState
from chargers.models import Connector, Session
from chargers.models.session import OPEN_STATES

Phases = tuple[int | None, int | None, int | None]
NO_PHASES: Phases = (None, None, None)
NONE_HEARD = Heard()
SESSION_FIELDS = (
    "transaction_id",
    "state",
    "meter_start_wh",
    "energy_wh",
    "metered_at",
    "started_at",
    "charger_started_at",
    "meter_stop_wh",
    "phases_seen",
    "transaction_uid",
    "events_heard",
    "event_marks",
    "seems_over_at",
    "exported_wh",
    "export_start_wh",
)


@dataclass(slots=True)
class MeteredSession:
    """What metering needs to know of a session, and what this batch learns about it."""

    id: UUID
    transaction_id: int | None
    state: str
    start_wh: int
    energy_wh: int
    since: datetime | None
    charger_since: datetime | None
    is_settled: bool
    phases_seen: str
    has_start: bool = True
    # Its charger booted and has not spoken of it since.
    seems_over: bool = False
    # Of transactions whose events are numbered: the charger's own id, and which were heard.
    uid: str = ""
    events: Heard = NONE_HEARD
    # As they are stored (`sequences.Marks`).
    marks: str = ""
    began: datetime | None = None
    heard: bool = False
    power_w: int | None = None
    currents_ma: Phases = NO_PHASES
    charge_pct: int | None = None
    metered_at: datetime | None = None
    draw_source: str | None = None
    drawn_at: datetime | None = None
    # What it counts from, where its start told no register.
    learnt_start_wh: int | None = None
    # Fed back since its register of export was first told.
    exported_wh: int | None = None
    export_start_wh: int | None = None
    written_at: datetime | None = None
    # Written into every row of values; a UUID is slow to spell.
    id_text: str = field(init=False)

    def __post_init__(self) -> None:
        self.id_text = str(self.id)


@dataclass(slots=True)
class MeteredConnector:
    id: UUID
    rotation: str
    max_current_ma: int
    skew_s: int
    status: str
    nominal_v: int
    session: MeteredSession | None
    id_text: str = field(init=False)
    _wiring: Wiring = field(init=False)

    def __post_init__(self) -> None:
        self.id_text = str(self.id)
        self._wiring = Wiring(self.rotation, "", self.max_current_ma, self.nominal_v)

    @property
    def running(self) -> MeteredSession | None:
        session = self.session
        return session if session is not None and session.state == SessionState.ACTIVE else None

    def has_open(self, transaction_id: int) -> bool:
        return self.session is not None and self.session.transaction_id == transaction_id

    def wiring(self, phases_seen: str) -> Wiring:
        if phases_seen != self._wiring.phases_seen:
            self._wiring = self._wiring._replace(phases_seen=phases_seen)
        return self._wiring


def read_connectors(charge_point_ids: set[UUID]) -> list[tuple[UUID, int, MeteredConnector]]:
    """The connectors of these charge points with their open sessions, each after its charge point and its number."""
    open_session = FilteredRelation("sessions", condition=Q(sessions__state__in=OPEN_STATES))
    if connection.vendor == "postgresql":
        # One parameter in place of a thousand, each of which Django would prepare separately.
        array = "{" + ",".join(map(str, charge_point_ids)) + "}"
        asked = Connector.objects.extra(
            where=["chargers_connector.charge_point_id = ANY(%s::uuid[])"], params=[array]
        )
    else:
        asked = Connector.objects.filter(charge_point_id__in=list(charge_point_ids))
    found = (
        asked.filter(retired_at=None)
        .annotate(now_open=open_session)
        .order_by()
        .values_list(
            "charge_point_id",
            "number",
            "id",
            "phase_rotation",
            "max_current_ma",
            "charge_point__clock_skew_s",
            "status",
            "charge_point__cluster__voltage_v",
            "now_open__id",
            *(f"now_open__{name}" for name in SESSION_FIELDS),
        )
    )
    return [
        (
            charge_point_id,
            number,
            MeteredConnector(
                id_,
                rotation,
                most_ma,
                skew_s,
                status,
                nominal_v,
                _session(session_id, *fields) if session_id else None,
            ),
        )
        for charge_point_id, number, id_, rotation, most_ma, skew_s, status, nominal_v, session_id, *fields in found
    ]


def read_named_sessions(transaction_ids: Sequence[int]) -> dict[tuple[UUID, int], MeteredSession]:
    """The sessions of these transactions, open or not, by connector and transaction."""
    found = Session.objects.filter(transaction_id__in=transaction_ids)
    rows = found.values_list("connector_id", "id", *SESSION_FIELDS)
    return {(connector_id, fields[0]): _session(id_, *fields) for connector_id, id_, *fields in rows}


def _session(session_id: UUID, *fields: Any) -> MeteredSession:
    (
        transaction_id,
        state,
        start_wh,
        energy_wh,
        metered_at,
        started_at,
        charger_since,
        stop_wh,
        phases_seen,
        uid,
        events,
        marks,
        seems_over_at,
        exported_wh,
        export_start_wh,
    ) = fields
    return MeteredSession(
        id=session_id,
        transaction_id=transaction_id,
        state=state,
        start_wh=start_wh or 0,
        energy_wh=energy_wh,
        since=metered_at or started_at,
        charger_since=charger_since,
        is_settled=stop_wh is not None,
        phases_seen=phases_seen,
        has_start=start_wh is not None,
        seems_over=seems_over_at is not None,
        uid=uid,
        events=Heard.parse(events) if uid else NONE_HEARD,
        marks=marks if uid else "",
        began=started_at,
        exported_wh=exported_wh,
        export_start_wh=export_start_wh,
    )
