"""The one gate: which setpoints may be sent now, so that no circuit can ever carry more than its limit. Pure.

For every connector its worst case is laid out over the future, as if no message got through from here on. A raise or a renewal
passes when, wherever it makes a worst case higher, the sum still fits, now and at every later moment. A cut that ends
no later than what it replaces makes no worst case higher and always passes. Cut, confirm, settle, raise follows from the
arithmetic: the power of a cut stays in the sum until the charger has accepted it and the car has followed.

The future is laid out in steps of a few seconds; within a step the highest value counts, and the last step is for ever.
"""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chargers.exposure import NEVER_S, Exposure, Span

Amps = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Terms:
    """How long limits are granted for, and when they are renewed. Seconds."""

    lease_s: float = 120
    renew_lease_s: float = 60
    # Keep-downs outlast every lease above the fallback, or the fallbacks would have to fit beside the leases.
    keep_down_s: float = 300
    renew_keep_down_s: float = 170
    # A raise by less than this waits for the lease's renewal: each message wears the charger's memory.
    small_raise_ma: int = 2_000
    step_s: float = 5
    horizon_s: float = 600

    @property
    def steps(self) -> int:
        return math.ceil(self.horizon_s / self.step_s) + 1


@dataclass(frozen=True, slots=True)
class Capacity:
    """mA on L1, L2, L3 for cars: until `changes_in_s` from now, and after (the building may rise to its maximum)."""

    near_ma: Sequence[int]
    far_ma: Sequence[int]
    changes_in_s: float = 180


@dataclass(frozen=True, slots=True)
class Line:
    """One connector. `path` from its circuit up to the root.

    `target_ma` None: it can't be steered now and only counts.
    """

    key: Hashable
    path: Sequence[Hashable]
    exposure: Exposure
    target_ma: int | None = None
    min_ma: int = 6_000
    step_ma: int = 1_000
    # The newest limit that is queued or on the wire.
    asked_ma: int | None = None
    may_rise: bool = True
    # Its state is unknown since its socket opened: its limit is sent again, and the answer shows the state.
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    key: Hashable
    limit_ma: int
    end_s: float
    why: str

    @property
    def span(self) -> Span:
        return Span(self.limit_ma, self.end_s)


class LimitBrokenError(AssertionError):
    """The gate would have let a worst case grow beyond what a circuit carries. A defect: nothing is sent."""


class Book:
    """Room per circuit, phase and future step: capacity less the worst cases of all lines."""

    def __init__(
        self,
        lines: Sequence[Line],
        capacity: Mapping[Hashable, Capacity],
        *,
        now_s: float,
        terms: Terms,
    ) -> None:
        self.now_s, self.terms, self.steps = now_s, terms, terms.steps
        row = {circuit: index for index, circuit in enumerate(capacity)}
        self.room = np.empty((len(capacity), 3, self.steps), dtype=np.int64)
        for circuit, carries in capacity.items():
            change = self.step_up(now_s + carries.changes_in_s)
            self.room[row[circuit], :, :change] = np.asarray(carries.near_ma)[:, None]
            self.room[row[circuit], :, change:] = np.asarray(carries.far_ma)[:, None]
        self.rows = {line.key: [row[circuit] for circuit in line.path] for line in lines}
        self.curves: dict[Hashable, Amps] = {}
        for line in lines:
            curve = self.curves[line.key] = self.curve(line.exposure)
            for index in self.rows[line.key]:
                self.room[index] -= curve

    def step_down(self, at_s: float) -> int:
        """The step that holds this moment."""
        ahead = (at_s - self.now_s) / self.terms.step_s
        return 0 if ahead <= 0 else int(min(ahead, self.steps - 1))

    def step_up(self, at_s: float) -> int:
        """The first step that begins at this moment or later."""
        ahead = (at_s - self.now_s) / self.terms.step_s
        return 0 if ahead <= 0 else self.steps if ahead > self.steps - 1 else math.ceil(ahead)

    def curve(self, exposure: Exposure) -> Amps:
        """The worst case on L1, L2, L3 at each step."""
        curve = np.zeros((3, self.steps), dtype=np.int64)
        is_empty = True
        for limit_ma, from_s, to_s, phases in exposure.pieces():
            if from_s == NEVER_S or to_s <= self.now_s:
                continue
            first = 0 if from_s <= self.now_s else self.step_down(from_s)
            last = self.steps if to_s == NEVER_S else self.step_up(to_s)
            for phase in phases:
                if is_empty:
                    curve[phase, first:last] = limit_ma
                else:
                    part = curve[phase, first:last]
                    np.maximum(part, limit_ma, out=part)
            is_empty = False
        return curve

    def reach(self, line: Line) -> Amps:
        """How high its worst case may become at each step without taking room that is not there."""
        own = list(line.exposure.own)
        curve = self.curves[line.key]
        free = np.maximum(self.room[self.rows[line.key]].min(axis=0), 0)
        return np.asarray((free + curve)[own].min(axis=0))

    def take(self, line: Line, exposure: Exposure) -> bool:
        """Put `exposure` in the line's place if it fits wherever it is worse than what it replaces."""
        curve = self.curve(exposure)
        more = curve - self.curves[line.key]
        if (more > 0).any() and (np.maximum(self.room[self.rows[line.key]], 0) < more).any():
            return False
        self.put(line, curve)
        return True

    def put(self, line: Line, curve: Amps) -> None:
        """Put this worst case in the line's place, whether it fits or not."""
        more = curve - self.curves[line.key]
        for index in self.rows[line.key]:
            self.room[index] -= more
        self.curves[line.key] = curve


def plan_moves(
    lines: Iterable[Line],
    capacity: Mapping[Hashable, Capacity],
    *,
    now_s: float,
    terms: Terms,
) -> list[Move]:
    """Cuts first, then keep-downs, then renewals of leases, then raises, those who have nothing first."""
    lines = sorted(lines, key=lambda line: str(line.key))
    book = Book(lines, capacity, now_s=now_s, terms=terms)
    steered = [line for line in lines if line.target_ma is not None]
    moves = [move for line in steered if (move := _cut(book, line)) is not None]
    moved = {move.key for move in moves}
    quiet = [line for line in steered if line.key not in moved and not line.exposure.open]
    kept = [move for line in quiet if (move := _keep_down(book, line)) is not None]
    hungry = sorted(
        (line for line in quiet if not line.exposure.in_doubt),
        key=lambda line: _hunger(line, now_s),
    )
    raised = [move for line in hungry if (move := _raise_or_renew(book, line)) is not None]
    return moves + kept + raised


def check_moves(
    moves: Iterable[Move],
    lines: Sequence[Line],
    capacity: Mapping[Hashable, Capacity],
    *,
    now_s: float,
    terms: Terms,
) -> None:
    """Count again from the facts as they will be stored: no circuit's sum grows anywhere beyond what it carries.

    Raises LimitBrokenError. A circuit that is over already (a lowered limit, an unmanaged charger) may not get worse.
    """
    sent = {move.key: move.span for move in moves}
    book = Book(lines, capacity, now_s=now_s, terms=terms)
    room, was = book.room, book.room.copy()
    for line in lines:
        if line.key in sent:
            book.put(line, book.curve(line.exposure.sent(sent[line.key])))
    broken = np.argwhere((room < 0) & (room < was))
    if broken.size:
        row, phase, step = broken[0]
        short_ma = room[row, phase, step]
        raise LimitBrokenError(
            f"circuit {list(capacity)[row]}, L{phase + 1}, in {step * terms.step_s:g} s: {short_ma} mA"
        )


def _hunger(line: Line, now_s: float) -> tuple[bool, float, str]:
    held_ma = line.exposure.in_force_ma(now_s)
    return held_ma > 0, held_ma / max(1, line.target_ma or 0), str(line.key)


def _cut(book: Book, line: Line) -> Move | None:
    exposure, target_ma = line.exposure, line.target_ma or 0
    if line.asked_ma is not None and line.asked_ma <= target_ma:
        return None
    if (exposure.in_doubt or line.ask) and not exposure.open:
        # Ask again for what is wanted, within what is reserved anyway: the answer ends the doubt.
        asked_ma = min(target_ma, exposure.worst_ma(book.now_s))
        return _offer(book, line, asked_ma if asked_ma >= line.min_ma else 0, why="ask")
    if target_ma < exposure.highest_ma(book.now_s):
        return _offer(book, line, target_ma, why="cut")
    return None


def _offer(book: Book, line: Line, limit_ma: int, *, why: str) -> Move | None:
    """A limit within what is reserved already: for the full time if that fits, else for as long as it is reserved."""
    exposure, terms, fallback_ma = line.exposure, book.terms, line.exposure.fallback_ma or 0
    if limit_ma == fallback_ma:
        return _move(book, line, limit_ma, NEVER_S, why=why)
    spans = exposure.spans
    if limit_ma < fallback_ma:
        above_s = max((span.end_s for span in spans if span.end_s < NEVER_S), default=0.0)
        return _move(book, line, limit_ma, max(book.now_s + terms.keep_down_s, above_s), why=why)
    move = _move(book, line, limit_ma, book.now_s + terms.lease_s, why=why)
    if move is None:
        last_s = max((span.end_s for span in spans if span.limit_ma >= limit_ma), default=0.0)
        if last_s > book.now_s:
            return _move(book, line, limit_ma, min(last_s, book.now_s + terms.lease_s), why=why)
        return _move(book, line, fallback_ma, NEVER_S, why=why) if fallback_ma < limit_ma else None
    return move


def _keep_down(book: Book, line: Line) -> Move | None:
    """Renew what keeps a car down, below its fallback, in time before the fallback would return."""
    exposure, fallback_ma = line.exposure, line.exposure.fallback_ma or 0
    held_ma = exposure.in_force_ma(book.now_s)
    if held_ma >= fallback_ma or (line.target_ma or 0) > held_ma:
        return None
    terms, held = book.terms, exposure.confirmed
    if min(exposure.lapse_begins_s(), NEVER_S) - book.now_s > terms.renew_keep_down_s:
        return None
    if held is not None and held.end_s - book.now_s > (terms.keep_down_s + terms.renew_keep_down_s) / 2:
        # By a clock that is minutes off it may lapse at any time, and a renewal may be over when it arrives: one with every
        # rebalance would wear the charger's memory, and change nothing.
        return None
    return _move(book, line, held_ma, book.now_s + terms.keep_down_s, why="keep_down")


def _raise_or_renew(book: Book, line: Line) -> Move | None:
    target_ma, held_ma = line.target_ma or 0, line.exposure.in_force_ma(book.now_s)
    fallback_ma = line.exposure.fallback_ma or 0
    confirmed, terms = line.exposure.confirmed, book.terms
    left_s = confirmed.end_s - book.now_s if confirmed is not None and held_ma > fallback_ma else NEVER_S
    is_due = left_s <= terms.renew_lease_s
    if target_ma < held_ma or not (is_due or (target_ma > held_ma and line.may_rise)):
        return None
    if not line.may_rise:
        target_ma = held_ma
    reach = book.reach(line)
    late_s = line.exposure.timing.clock_error_s + line.exposure.timing.settle_s
    lease_s = book.now_s + terms.lease_s
    counts_until_s = lease_s + late_s if line.exposure.lapses else NEVER_S
    lease_ma = int(reach[: book.step_up(counts_until_s)].min())
    limit_ma = target_ma if target_ma <= lease_ma else lease_ma // line.step_ma * line.step_ma
    if limit_ma - held_ma < terms.small_raise_ma and terms.renew_lease_s < left_s <= terms.lease_s:
        return None
    if limit_ma > fallback_ma and limit_ma >= line.min_ma and (is_due or limit_ma > held_ma):
        move = _move(book, line, limit_ma, lease_s, why="raise" if limit_ma > held_ma else "renew")
        if move is not None:
            return move
    if held_ma < fallback_ma <= target_ma:
        return _move(book, line, fallback_ma, NEVER_S, why="raise")
    keep_down_s = book.now_s + terms.keep_down_s
    hold_ma = int(reach[: book.step_up(keep_down_s + late_s)].min()) // line.step_ma * line.step_ma
    limit_ma = min(target_ma, hold_ma)
    if held_ma < limit_ma < fallback_ma and limit_ma >= line.min_ma:
        return _move(book, line, limit_ma, keep_down_s, why="raise")
    return None


def _move(book: Book, line: Line, limit_ma: int, end_s: float, *, why: str) -> Move | None:
    move = Move(line.key, limit_ma, end_s, why)
    return move if book.take(line, line.exposure.sent(move.span)) else None
