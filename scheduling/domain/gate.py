"""Which of the solver's setpoints may be sent now: cuts at once, raises only into room that is proven free. Pure.

Room is what a circuit carries less building load, margin and the reservations of all connectors. A cut leaves its old value
reserved until it is Accepted and settled, so the raise it pays for finds room only afterwards: the order cut,
confirm, settle, raise follows from the arithmetic and needs no bookkeeping of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

Room = dict[UUID, list[int]]


@dataclass(frozen=True, slots=True)
class Line:
    """One controllable connector. Currents in mA per phase; `path` from its circuit up to the root."""

    connector_id: UUID
    path: tuple[UUID, ...]
    phases: tuple[int, ...]
    target_ma: int
    held_ma: int
    reserved_ma: int
    min_ma: int
    step_ma: int
    open_ma: int | None = None
    in_doubt: bool = False
    may_rise: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    connector_id: UUID
    limit_ma: int


class LimitBrokenError(AssertionError):
    """The gate would have let a circuit's reservations grow beyond what it carries. A defect: nothing is sent."""


def room_left(
    capacity_ma: Mapping[UUID, Sequence[int]],
    reserved: Iterable[tuple[tuple[UUID, ...], Sequence[int]]],
) -> Room:
    """Capacity per circuit and phase less everything reserved below it; negative where more is reserved than fits."""
    room = {pk: list(phases) for pk, phases in capacity_ma.items()}
    for path, load_ma in reserved:
        for pk in path:
            for phase, current_ma in enumerate(load_ma):
                room[pk][phase] -= current_ma
    return room


def plan_moves(lines: Iterable[Line], room: Room) -> list[Move]:
    """Cuts first, then raises into free room, the emptiest-handed first. `room` is consumed."""
    lines = sorted(lines, key=lambda line: str(line.connector_id))
    cuts = [move for line in lines if (move := _cut(line)) is not None]
    hungry = sorted(
        (line for line in lines if line.may_rise and line.open_ma is None and line.target_ma > line.held_ma),
        key=lambda line: (line.held_ma > 0, line.held_ma / line.target_ma, str(line.connector_id)),
    )
    raises = [move for line in hungry if (move := _raise(line, room)) is not None]
    return cuts + raises


def check(
    moves: Iterable[Move],
    lines: Iterable[Line],
    room_before: Mapping[UUID, Sequence[int]],
) -> None:
    """Count again, independently of `plan_moves`, that no circuit's reservations grow beyond its room.

    Raises LimitBrokenError. A circuit that is over already (a lowered limit, an unmanaged charger) may not get worse.
    """
    by_id = {line.connector_id: line for line in lines}
    growth: dict[tuple[UUID, int], int] = {}
    for move in moves:
        line = by_id[move.connector_id]
        more_ma = max(0, move.limit_ma - line.reserved_ma)
        for pk in line.path:
            for phase in line.phases:
                growth[pk, phase] = growth.get((pk, phase), 0) + more_ma
    for (pk, phase), more_ma in growth.items():
        if more_ma > 0 and more_ma > room_before[pk][phase]:
            raise LimitBrokenError(
                f"circuit {pk}, L{phase + 1}: {more_ma} mA more, {room_before[pk][phase]} mA free"
            )


def _cut(line: Line) -> Move | None:
    if line.in_doubt and line.open_ma is None:
        # Ask again for what is wanted, within what is reserved anyway: the answer ends the doubt.
        return Move(line.connector_id, min(line.target_ma, line.reserved_ma))
    in_force_ma = max(line.held_ma, line.open_ma or 0)
    if line.target_ma < in_force_ma and line.open_ma != line.target_ma:
        return Move(line.connector_id, line.target_ma)
    return None


def _raise(line: Line, room: Room) -> Move | None:
    if line.in_doubt:
        return None
    free_ma = min(room[pk][phase] for pk in line.path for phase in line.phases)
    reach_ma = line.reserved_ma + max(0, free_ma)
    limit_ma = line.target_ma if line.target_ma <= reach_ma else reach_ma // line.step_ma * line.step_ma
    if limit_ma < line.min_ma or limit_ma <= line.held_ma:
        return None
    more_ma = max(0, limit_ma - line.reserved_ma)
    for pk in line.path:
        for phase in line.phases:
            room[pk][phase] -= more_ma
    return Move(line.connector_id, limit_ma)
