"""Every order in which things can happen to two connectors under one limit, breadth first: each state once, each judged.

A state is the two places and the limit, as small integers: what happens to a place, and what the gate answers to two of them, is
worked out once and looked up from then on. Both connectors are alike, so (a, b) and (b, a) are one state; where the gate goes
by names, both ways to name them are tried.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from chargers.exposure import Exposure
from scheduling.domain.balancing import cover, gate
from scheduling.domain.balancing.gate import Capacity, Line, Move
from tests.scheduling.safety.scope import acts
from tests.scheduling.safety.scope.acts import OF_CAR, OF_SERVER, Act, charging, new_place, pass_time
from tests.scheduling.safety.scope.place import (
    KEY,
    NOW_S,
    ROOT,
    TERMS,
    TICK_S,
    TIMING,
    Place,
    lay_open,
    put_back,
)
from tests.scheduling.safety.server import Server

LIMIT_MA, CUT_MA, FALLBACK_MA = 16_000, 12_000, 6_000
# The longest that nothing but the passing of time may happen in one step.
LONG_TICKS = 10
LATE_S = (-TIMING.clock_error_s, TIMING.clock_error_s)


class Bound(NamedTuple):
    """The limit: whether the server lives, the cut that is announced or in force, in how many ticks, and what it lacks."""

    is_alive: bool = True
    is_cut: bool = False
    ticks: int = 0
    uncovered_ma: int = 0

    @property
    def aimed_ma(self) -> int:
        return CUT_MA if self.is_cut else LIMIT_MA

    @property
    def judged_ma(self) -> int:
        """What may flow at this instant."""
        return CUT_MA + self.uncovered_ma if self.is_cut and not self.ticks else LIMIT_MA

    def later(self) -> "Bound":
        return self._replace(ticks=max(0, self.ticks - 1))


class State(NamedTuple):
    one: int
    other: int
    bound: int


class Step(NamedTuple):
    """What happened to {0} and {1}, the state after it, whether the two have changed places in it, and what flows if that is
    too much."""

    what: str
    state: State
    is_swapped: bool
    broken_ma: int | None


class Origin(NamedTuple):
    state: State
    what: str
    is_swapped: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The product's, or those without one of them."""

    exposure: type[Exposure] = Exposure
    server: type[Server] = Server
    plan: Callable[..., list[Move]] = gate.plan_moves
    cars_come_and_go: bool = False


@dataclass(slots=True)
class Found:
    states: int = 0
    transitions: int = 0
    # New states by the number of steps that lead to them; the last may have been left unfinished.
    by_depth: list[int] = field(default_factory=list)
    is_whole: bool = True
    acts: Counter[str] = field(default_factory=Counter)
    # The shortest way to an instant at which too much could flow, and what flows then.
    broken: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Places:
    """Each place once, with what a judge wants of it."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.all: list[Place] = []
        self._numbers: dict[Place, int] = {}
        self._after: dict[tuple[int, str], int | None] = {}
        self._later: dict[tuple[int, bool], int] = {}
        self._sent: dict[tuple[int, Move | None], int] = {}
        self._line_numbers: dict[Line | None, int] = {}
        # What the car draws, and what the gate is told of it, by the place's number.
        self.draws_ma: list[int] = []
        self.lines: list[int] = []
        self.told: list[Line | None] = []

    def number(self, place: Place) -> int:
        number = self._numbers.setdefault(place, len(self.all))
        if number == len(self.all):
            self.all.append(place)
            self.draws_ma.append(place.car.draw_ma)
            line = next(iter(lay_open(place, self.rules.server).server.lines(NOW_S)), None)
            told = self._line_numbers.setdefault(line, len(self.told))
            if told == len(self.told):
                self.told.append(line)
            self.lines.append(told)
        return number

    def after(self, number: int, name: str, act: Act) -> int | None:
        """The place after this happened to it; None where it can't happen."""
        key = number, name
        if key not in self._after:
            desk = lay_open(self.all[number], self.rules.server)
            self._after[key] = self.number(put_back(desk)) if act(desk) else None
        return self._after[key]

    def sent(self, number: int, move: Move | None) -> int:
        """The place after a rebalance, as it stores it."""
        key = number, move
        if key not in self._sent:
            desk = lay_open(self.all[number], self.rules.server)
            desk.row.exposure = desk.row.exposure.lapsed(NOW_S)
            if move is not None:
                desk.server.queue(move, NOW_S)
            self._sent[key] = self.number(put_back(desk))
        return self._sent[key]

    def later(self, number: int, *, is_alive: bool) -> int:
        key = number, is_alive
        if key not in self._later:
            self._later[key] = self.number(pass_time(self.all[number], self.rules.server, is_alive=is_alive))
        return self._later[key]


class Explorer:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.places = Places(rules)
        self.bounds: list[Bound] = []
        self._bound_numbers: dict[Bound, int] = {}
        self._moves: dict[tuple[int, int, tuple[int, int], int], tuple[Move | None, Move | None]] = {}
        self._cover: dict[tuple[int, int], tuple[int, int]] = {}

    def explore(self, *, depth: int, most_states: int) -> Found:
        """All states within so many steps of the first ones, or so many states, whichever comes first."""
        found, began_s = Found(), time.monotonic()
        came_from: dict[State, Origin | None] = {}
        level: list[State] = []
        for state in self._first():
            if state not in came_from:
                came_from[state] = None
                level.append(state)
        found.by_depth.append(len(level))
        for _ in range(depth):
            reached: list[State] = []
            for state in level:
                for step in self._steps(state):
                    found.transitions += 1
                    found.acts[step.what.split(" ", 1)[0]] += 1
                    if step.broken_ma is not None:
                        found.broken = self._story(came_from, state, step)
                        return self._close(found, came_from, reached, began_s)
                    if step.state in came_from:
                        continue
                    came_from[step.state] = Origin(state, step.what, step.is_swapped)
                    reached.append(step.state)
                    if len(came_from) >= most_states:
                        found.is_whole = False
                        return self._close(found, came_from, reached, began_s)
            found.by_depth.append(len(reached))
            level = reached
        return self._close(found, came_from, [], began_s)

    @staticmethod
    def _close(
        found: Found, came_from: dict[State, Origin | None], reached: list[State], began_s: float
    ) -> Found:
        if reached:
            found.by_depth.append(len(reached))
        found.states = len(came_from)
        found.seconds = time.monotonic() - began_s
        return found

    def _story(self, came_from: dict[State, Origin | None], state: State, last: Step) -> list[str]:
        """How it came to this, a line a step."""
        steps = [Origin(state, last.what, last.is_swapped)]
        while (origin := came_from[steps[0].state]) is not None:
            steps.insert(0, origin)
        first, names = steps[0].state, ("a", "b")
        told = [f"a is {self._tell(first.one)}, b is {self._tell(first.other)}"]
        for step in steps:
            told.append(step.what.format(*names))
            names = names[::-1] if step.is_swapped else names
        return [*told, f"{last.broken_ma} mA could flow"]

    def _tell(self, number: int) -> str:
        place = self.places.all[number]
        held = place.exposure.confirmed
        car = "idle" if held is None else f"charging at {held.limit_ma} mA"
        return f"{car}, its clock {place.car.clock_late_s:+.0f} s late"

    # Where it begins, and what can happen.

    def _first(self) -> Iterator[State]:
        """Two cars that share, one that has all, and where cars come and go also a free connector; with slow and fast clocks."""
        grants = [(8_000, 8_000), (LIMIT_MA, 0)]
        if self.rules.cars_come_and_go:
            grants += [(LIMIT_MA, None), (None, None)]
        for grant in grants:
            for late_s in ((a, b) for a in LATE_S for b in LATE_S):
                pair = [
                    self._place(limit_ma, clock_s) for limit_ma, clock_s in zip(grant, late_s, strict=True)
                ]
                yield self._state(*pair, Bound())

    def _place(self, limit_ma: int | None, clock_late_s: float) -> int:
        place = new_place(fallback_ma=FALLBACK_MA, clock_late_s=clock_late_s, exposure=self.rules.exposure)
        return self.places.number(place if limit_ma is None else charging(place, limit_ma, self.rules.server))

    def _state(self, one: int, other: int, bound: Bound) -> State:
        number = self._bound_numbers.setdefault(bound, len(self.bounds))
        if number == len(self.bounds):
            self.bounds.append(bound)
        return State(one, other, number) if one <= other else State(other, one, number)

    def _steps(self, state: State) -> Iterator[Step]:
        """Everything that can happen now: what it is, the state after it, and what could flow if that is too much."""
        bound = self.bounds[state.bound]
        yield from self._of_one(state, bound)
        yield from self._of_time(state, bound)
        if not bound.is_alive:
            yield self._both(state, "restart", acts.restart, bound._replace(is_alive=True))
            return
        yield self._both(state, "crash", acts.crash, bound._replace(is_alive=False))
        if bound.is_cut:
            yield self._judged(
                "restore", state.one, state.other, bound._replace(is_cut=False, ticks=0, uncovered_ma=0)
            )
        else:
            yield self._judged(
                "cut",
                state.one,
                state.other,
                self._covered(state.one, state.other, bound._replace(is_cut=True, ticks=LONG_TICKS)),
            )
        yield from self._of_gate(state, bound)

    def _judged(self, what: str, one: int, other: int, bound: Bound) -> Step:
        sum_ma = self.places.draws_ma[one] + self.places.draws_ma[other]
        broken_ma = sum_ma if sum_ma > bound.judged_ma else None
        return Step(what, self._state(one, other, bound), one > other, broken_ma)

    def _both(self, state: State, what: str, act: Act, bound: Bound) -> Step:
        one, other = (self.places.after(number, what, act) for number in state[:2])
        assert one is not None
        assert other is not None
        return self._judged(what, one, other, bound)

    def _of_one(self, state: State, bound: Bound) -> Iterator[Step]:
        possible = [*OF_SERVER.items()] if bound.is_alive else []
        if self.rules.cars_come_and_go:
            possible += OF_CAR.items()
        for name, act in possible:
            after = self.places.after(state.one, name, act)
            if after is not None:
                yield self._judged(name + " {0}", after, state.other, bound)
            if state.other != state.one and (after := self.places.after(state.other, name, act)) is not None:
                yield self._judged(name + " {1}", state.one, after, bound)

    def _of_time(self, state: State, bound: Bound) -> Iterator[Step]:
        """A tick; and all ticks until a current changes that nobody asked to change, as when a lease lapses."""
        one, other, later = state.one, state.other, bound
        before = self._currents(one, other)
        for ticks in range(1, LONG_TICKS + 1):
            one = self.places.later(one, is_alive=bound.is_alive)
            other = self.places.later(other, is_alive=bound.is_alive)
            later = later.later()
            judged = self._judged(f"lapse after {ticks} ticks", one, other, later)
            if ticks == 1:
                yield self._judged("tick", one, other, later)
            elif judged.broken_ma is not None or self._currents(one, other) != before:
                yield judged
                return

    def _currents(self, one: int, other: int) -> tuple[int, int]:
        return self.places.draws_ma[one], self.places.draws_ma[other]

    # The gate.

    def _of_gate(self, state: State, bound: Bound) -> Iterator[Step]:
        aimed_ma = bound.aimed_ma
        for wanted in ((aimed_ma, 0), (0, aimed_ma), (aimed_ma // 2, aimed_ma // 2)):
            what = f"balance {{0}} to {wanted[0]} mA and {{1}} to {wanted[1]} mA"
            one, other = self._balance(state.one, state.other, wanted, aimed_ma)
            yield self._judged(what, one, other, self._covered(one, other, bound))
            if state.one != state.other:
                other, one = self._balance(state.other, state.one, wanted[::-1], aimed_ma)
                yield self._judged(what, one, other, self._covered(one, other, bound))

    def _balance(self, first: int, second: int, targets: tuple[int, int], aimed_ma: int) -> tuple[int, int]:
        """As the rebalance asks the gate and stores what it answers."""
        seen = self.places.lines[first], self.places.lines[second]
        key = *seen, targets, aimed_ma
        if key not in self._moves:
            lines = [
                replace(line, key=name, target_ma=None if line.target_ma is None else target_ma)
                for line, name, target_ma in zip(
                    (self.places.told[number] for number in seen), "ab", targets, strict=True
                )
                if line is not None
            ]
            carries = (aimed_ma,) * 3
            moves = {
                move.key: replace(move, key=KEY)
                for move in self.rules.plan(
                    lines, {ROOT: Capacity(carries, carries)}, now_s=NOW_S, terms=TERMS
                )
            }
            self._moves[key] = moves.get("a"), moves.get("b")
        one, other = self._moves[key]
        return self.places.sent(first, one), self.places.sent(second, other)

    def _covered(self, one: int, other: int, bound: Bound) -> Bound:
        """From when the cut holds and what it lacks, as the product says of it; once in force it stays so."""
        if not bound.is_cut:
            return bound
        key = self.places.lines[one], self.places.lines[other]
        if key not in self._cover:
            lines = [
                Line(name, (ROOT,), self.places.all[number].exposure)
                for name, number in (("a", one), ("b", other))
            ]
            load = cover.loads_ahead(lines, [ROOT], now_s=NOW_S, terms=TERMS)[ROOT]
            step, missing = cover.covered_from(load, load * 0 + CUT_MA)
            self._cover[key] = step * int(TERMS.step_s // TICK_S), int(missing.max())
        ticks, uncovered_ma = self._cover[key]
        return bound._replace(ticks=ticks if bound.ticks else 0, uncovered_ma=uncovered_ma)
