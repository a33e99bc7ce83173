"""The limit of each connector now and its reason, kept as one row a connector for screens and sentences."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from chargers.domain.limits.managed import is_managed
from chargers.domain.makes import ways
from evbalancer.common.db.rows import store_columns
from scheduling import solver
from scheduling.domain.balancing.gate import Move
from scheduling.domain.balancing.problem import has_demand, in_force_ma, is_refused
from scheduling.domain.balancing.situation import ExposedPlace, Situation
from scheduling.models import Allotment

FIELDS = [
    "session",
    "starts",
    "running",
    "wanted_ma",
    "reason",
    "facts",
    "taking",
    "since",
    "next_change_at",
    "at",
]
CROWDED = (solver.ReasonKind.CIRCUIT_FULL, solver.ReasonKind.NO_ROOM, solver.ReasonKind.WAITING_TURN)


class News(NamedTuple):
    """Whether anything is new for screens, and whether a limit, a reason or a car is: facts around them change by the minute."""

    is_told: bool
    is_decided: bool


# What is assumed where nobody knows.
ALL_NEW: Final = News(is_told=True, is_decided=True)


def store_allotments(seen: Situation, decided: Mapping[str, solver.Allotment], moves: list[Move]) -> News:
    """Write the rows that say something new."""
    sent = {move.key: move.limit_ma for move in moves}
    new: list[Allotment] = []
    changed: list[Allotment] = []
    is_decided = False
    for place in seen.places:
        row = place.allotment or Allotment(
            community_id=seen.cluster.community_id,
            connector=place.connector,
            since=seen.now,
            at=seen.now,
        )
        before = _decided(row)
        if _update(row, seen, place, decided.get(str(place.connector.pk)), sent.get(place.connector.pk)):
            (changed if place.allotment else new).append(row)
            is_decided |= not place.allotment or before != _decided(row)
    Allotment.objects.bulk_create(new)
    store_columns(changed, FIELDS)
    return News(bool(new or changed), is_decided)


def _decided(row: Allotment) -> tuple[object, ...]:
    bound_by = (row.facts.get("circuit_id"), row.facts.get("phase"))
    return row.session_id, row.running, row.wanted_ma, row.reason, bound_by


def _update(
    row: Allotment,
    seen: Situation,
    place: ExposedPlace,
    decision: solver.Allotment | None,
    sent_ma: int | None,
) -> bool:
    wanted_ma = decision.limit_ma if decision else 0
    reason, facts, next_change_at = _why(seen, place, decision, sent_ma)
    session_id = place.session.pk if place.session else None
    running = (in_force_ma(place) if sent_ma is None else sent_ma) > 0
    taking = seen.takings[place.connector.pk].facts()
    before = (row.session_id, row.running, row.wanted_ma, row.reason, row.facts, row.taking)
    if before == (session_id, running, wanted_ma, reason, facts, taking):
        return False
    if row.session_id != session_id and place.history is None:
        row.starts = 0
        row.since = seen.now
        row.running = False
    if row.running != running:
        # Turns and dwell are about running and pausing; a change of height does not restart their clock.
        row.since = seen.now
        row.starts += running
        row.running = running
    row.session_id, row.taking = session_id, taking
    row.wanted_ma, row.reason, row.facts = wanted_ma, reason, facts
    row.next_change_at, row.at = next_change_at, seen.now
    return True


def _why(
    seen: Situation,
    place: ExposedPlace,
    decision: solver.Allotment | None,
    sent_ma: int | None,
) -> tuple[str, dict[str, Any], datetime | None]:
    if decision is None or not has_demand(seen, place):
        return _why_without_demand(seen, place), {"reserved_ma": place.reserved_ma}, None
    reason = decision.reason
    circuit = seen.tree.circuits.get(UUID(reason.circuit_id)) if reason.circuit_id else None
    facts: dict[str, Any] = {
        "circuit": circuit.name if circuit else None,
        "circuit_id": reason.circuit_id,
        "phase": reason.phase,
        "sharing": reason.sharing,
        "change_s": None,
        "rising_to_ma": None,
    }
    facts |= _absent(seen, reason)
    if decision.limit_ma > (in_force_ma(place) if sent_ma is None else sent_ma):
        # It will get more, when the cuts of others are confirmed and their cars have followed.
        facts["rising_to_ma"] = decision.limit_ma
    next_change_at = None
    if reason.change_s is not None:
        # Whole minutes: a sentence that changes every second helps nobody.
        next_change_at = (seen.now + timedelta(seconds=reason.change_s)).replace(second=0, microsecond=0)
        facts["next_change_at"] = next_change_at.isoformat()
    kind = str(reason.kind)
    if reason.kind == solver.ReasonKind.CAR_MAX and _is_held_by_watts(place):
        kind = "watts"
    return kind, facts, next_change_at


def _is_held_by_watts(place: ExposedPlace) -> bool:
    """Its charger takes watts, which are of one phase until it is known on how many its car charges."""
    connector, session = place.connector, place.session
    is_known = session is not None and bool(session.phases_seen)
    return (
        not is_known and len(connector.wired_phases) > 1 and ways.unit_of_make(connector.charge_point) == "W"
    )


def _absent(seen: Situation, reason: solver.Reason) -> dict[str, int]:
    """The power kept on the full circuit for spaces that can't be steered now, and how many these are."""
    if reason.kind not in CROWDED or reason.circuit_id is None:
        return {}
    circuit_id = UUID(reason.circuit_id)
    kept = [
        max(place.load_ma) if reason.phase is None else place.load_ma[reason.phase]
        for place in seen.places
        if not seen.controllable(place) and circuit_id in seen.tree.paths.get(place.connector.circuit_id, ())
    ]
    kept = [part for part in kept if part]
    return {"absent": len(kept), "absent_ma": sum(kept)} if kept else {}


def _why_without_demand(seen: Situation, place: ExposedPlace) -> str:
    connector = place.connector
    if connector.charge_point.is_planned:
        return "planned"
    if not seen.online(place):
        return "offline"
    if not is_managed(connector):
        return "unmanaged" if connector.uncontrollable_since is None else "not_obeying"
    return "refused" if place.running and is_refused(place) else "idle"
