"""From when a temporary limit holds whatever fails, and what it lacks while chargers can't be reached.

A cut is in force when even a server that dies this second leaves it intact: earlier grants have lapsed, or the
chargers have confirmed less and the cars have followed. Limits that never lapse (fallbacks, limits on makes that know no end) and
does not fit beneath it makes it uncovered, by so many amperes. Promise E7, second half.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np

from evbalancer.common.beside import Beside
from grid.domain import imports, limits
from grid.models import TemporaryLimit
from scheduling.domain.balancing import gate, situation
from scheduling.domain.balancing.situation import Situation

NOTHING = gate.Capacity((0, 0, 0), (0, 0, 0))


def judge_new(limit_id: UUID) -> None:
    """Say of a limit that was just imposed when it will hold. The cluster's lock is held."""
    limit = TemporaryLimit.objects.select_related("circuit__cluster__community").get(pk=limit_id)
    cluster = limit.circuit.cluster
    update_cover(
        situation.read_situation(cluster, now=limit.announced_at, beside=Beside(f"limit {limit_id}")), []
    )


def update_cover(seen: Situation, moves: Iterable[gate.Move]) -> None:
    """Bring every open limit up to date with what the chargers hold now and are about to be sent."""
    if not seen.limits:
        return
    sent = {move.key: move for move in moves}
    lines = []
    for place in seen.places:
        if place.connector.circuit_id in seen.tree.circuits:
            move = sent.get(place.connector.pk)
            exposure = place.exposure if move is None else place.exposure.sent(move.span)
            lines.append(gate.Line(place.connector.pk, seen.tree.paths[place.connector.circuit_id], exposure))
    loads = loads_ahead(lines, seen.tree.circuits, now_s=seen.now.timestamp(), terms=situation.limit_terms())
    for limit in seen.limits:
        if limit.circuit_id in seen.tree.circuits:
            _note(seen, limit, loads[limit.circuit_id])


def loads_ahead(
    lines: Sequence[gate.Line], circuits: Iterable[Hashable], *, now_s: float, terms: gate.Terms
) -> Mapping[Hashable, gate.Amps]:
    """The worst case of everything below each circuit, per phase and future step."""
    order = list(circuits)
    book = gate.Book(lines, dict.fromkeys(order, NOTHING), now_s=now_s, terms=terms)
    return {circuit: -book.room[row] for row, circuit in enumerate(order)}


def covered_from(load: gate.Amps, room: gate.Amps) -> tuple[int, gate.Amps]:
    """The first step from which the load stays within the room or at what remains for ever, and what is missing then."""
    room = np.maximum(room, 0)
    missing = np.maximum(load[:, -1] - room[:, -1], 0)
    # Load that remains for ever is reported as missing; it must not hide when the rest has lapsed.
    over = np.flatnonzero((load > np.maximum(room, load[:, -1:])).max(axis=0))
    return int(over.max()) + 1 if over.size else 0, missing


def _note(seen: Situation, limit: TemporaryLimit, load: gate.Amps) -> None:
    terms = situation.limit_terms()
    room = _room(seen, limit, terms)
    step, missing = covered_from(load, room)
    noticed_at = limit.announced_at + timedelta(seconds=seen.cluster.cut_notice_s)
    holds_from = datetime.fromtimestamp(seen.now.timestamp() + step * terms.step_s, UTC)
    effective_at = max(noticed_at, holds_from)
    uncovered_ma = int(missing.max())
    if limit.until is not None and effective_at >= limit.until:
        # It ends before it could be relied on: all that may flow beyond it meanwhile is uncovered.
        effective_at = noticed_at
        ends = max(1, int((limit.until - seen.now).total_seconds() // terms.step_s) + 1)
        uncovered_ma = int(np.maximum(load - np.maximum(room, 0), 0)[:, :ends].max())
    if limit.effective_at <= seen.now:
        effective_at = limit.effective_at
    limits.note_cover(limit, effective_at=effective_at, uncovered_ma=uncovered_ma)


def _room(seen: Situation, limit: TemporaryLimit, terms: gate.Terms) -> gate.Amps:
    """The power that cars may take under this limit alone: soon, and once the building may have risen to its maximum."""
    pk, window_s = limit.circuit_id, situation.window_s(seen.cluster)
    room = np.empty((3, terms.steps), dtype=np.int64)
    change = int(window_s // terms.step_s)
    near_ma = imports.widened_ma(limit, seen.tree, seen.import_room_ma)
    for part, limit_ma, aimed, capacity in (
        (np.s_[:, :change], near_ma, seen.near_ma, seen.capacity_ma),
        (np.s_[:, change:], limit.limit_ma, seen.aimed_ma, seen.lasting_capacity_ma),
    ):
        taken = aimed[pk].minus(capacity[pk])
        room[part] = np.asarray(limit_ma.minus(taken))[:, None]
    return room
