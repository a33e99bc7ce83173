"""Every state a slot or an emergency can be in, and where it may go from there. A pure table."""

from collections.abc import Mapping

from scheduling.enums import EmergencyState as E
from scheduling.enums import SlotState as S

SLOT_MOVES: Mapping[S, frozenset[S]] = {
    S.PROMISED: frozenset({S.PARTLY_PROMISED, S.QUEUED, S.ACTIVE, S.CANCELLED, S.LAPSED}),
    S.PARTLY_PROMISED: frozenset({S.PROMISED, S.QUEUED, S.ACTIVE, S.CANCELLED, S.LAPSED}),
    S.QUEUED: frozenset({S.PROMISED, S.PARTLY_PROMISED, S.ACTIVE, S.REFUSED, S.CANCELLED, S.LAPSED}),
    S.ACTIVE: frozenset({S.FULFILLED, S.UNMET, S.LEFT, S.CANCELLED, S.LAPSED}),
    S.REFUSED: frozenset(),
    S.FULFILLED: frozenset(),
    S.UNMET: frozenset(),
    S.LEFT: frozenset(),
    S.CANCELLED: frozenset(),
    S.LAPSED: frozenset(),
}

EMERGENCY_MOVES: Mapping[E, frozenset[E]] = {
    E.PENDING: frozenset({E.ACCEPTED, E.REFUSED, E.REVOKED}),
    E.ACCEPTED: frozenset({E.REVOKED, E.DONE}),
    E.REFUSED: frozenset(),
    E.REVOKED: frozenset(),
    E.DONE: frozenset(),
}


def slot_may_move(was: S, to: S) -> bool:
    return to in SLOT_MOVES[was]


def emergency_may_move(was: E, to: E) -> bool:
    return to in EMERGENCY_MOVES[was]
