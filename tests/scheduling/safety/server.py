"""The server as the simulation runs it: the product's own pure rules, and rows that a restart finds again as they were."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from chargers.exposure import Exposure, Span
from scheduling.domain.balancing import gate
from scheduling.domain.balancing.gate import Capacity, Line, Move, Terms

QUEUED, SENT, DONE = "queued", "sent", "done"


@dataclass(slots=True)
class Row:
    """One connector as the database keeps it."""

    key: int
    path: tuple[str, ...]
    exposure: Exposure
    rotation_known: bool = True
    tx: int = 0
    target_ma: int = 0
    served: float = 0.0
    since_s: float = 0.0
    raised_s: float = -1e9
    writes: int = 0
    max_ma: int = 32_000


@dataclass(slots=True)
class Command:
    number: int
    key: int
    tx: int
    span: Span
    queued_s: float
    state: str = QUEUED
    sent_s: float = 0.0
    fallback: tuple[int, float] | None = None
    why: str = ""


@dataclass
class Server:
    rows: dict[int, Row]
    limits: Mapping[str, tuple[int, int, int]]
    base_max: Mapping[str, tuple[int, int, int]]
    base_rise: Mapping[str, tuple[int, int, int]]
    terms: Terms
    margin_ma: int = 0
    plan: Callable[..., list[Move]] = gate.plan_moves
    checks: bool = False
    commands: dict[int, Command] = field(default_factory=dict)
    numbers: int = 0
    aimed: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    measured: dict[str, tuple[float, tuple[int, int, int]]] = field(default_factory=dict)
    dwell_s: float = 300
    raise_every_s: float = 15
    dead_band_ma: int = 1_000
    # In memory only: lost with the process.
    sockets: set[int] = field(default_factory=set)
    trusted: set[int] = field(default_factory=set)
    busy: dict[int, int] = field(default_factory=dict)
    dirty: bool = True

    def opened(self, key: int, now: float) -> None:
        self.closed(key, now)
        self.sockets.add(key)
        self.dirty = True

    def closed(self, key: int, now: float) -> None:
        """What the dead socket had sent without an answer may or may not hold."""
        self.sockets.discard(key)
        self.trusted.discard(key)
        self.busy.pop(key, None)
        for command in [c for c in self.commands.values() if c.key == key and c.state == SENT]:
            self.lose(command, now)
        self.dirty = True

    def restart(self, now: float) -> None:
        """Only rows survive."""
        self.sockets.clear()
        self.trusted.clear()
        self.busy.clear()
        for command in [c for c in self.commands.values() if c.state == SENT]:
            self.lose(command, now)
        self.measured.clear()
        self.dirty = True

    def heard(self, key: int, now: float) -> None:
        if key in self.trusted:
            row = self.rows[key]
            before, row.exposure = row.exposure, row.exposure.seen(now_s=now)
            if row.exposure.contact_s != now and before is row.exposure:
                self.trusted.discard(key)

    def metered(self, key: int, draw_ma: int, now: float) -> None:
        """What its car draws; who shares equally learns nothing from that."""

    def told_idle(self, key: int, now: float) -> None:
        """A status without a car in charge, and we know of no transaction either: this is how it stands."""
        row = self.rows[key]
        if not row.tx and key in self.sockets:
            row.exposure = row.exposure.told(now_s=now)
            self.trusted.add(key)
            self.dirty = True

    def started(self, key: int, tx: int, phases: tuple[int, ...], now: float) -> None:
        row = self.rows[key]
        self.drop_queued(key)
        row.exposure = self.with_open(key, row.exposure.started(now_s=now, phases=phases))
        row.tx, row.since_s, row.served = tx, now, 0.0
        self.dirty = True

    def stopped(self, key: int, tx: int, now: float) -> None:
        row = self.rows[key]
        if tx == row.tx:
            self.drop_queued(key)
            row.exposure = self.with_open(key, row.exposure.ended(now_s=now))
            row.tx, row.target_ma = 0, 0
            self.dirty = True

    def drop_queued(self, key: int) -> None:
        """Take back what was not sent. What was counts until it is answered, whichever transaction it was for."""
        for command in [c for c in self.commands.values() if c.key == key and c.fallback is None]:
            if command.state == QUEUED:
                del self.commands[command.number]
        self.rows[key].exposure = self.with_open(key, self.rows[key].exposure)

    def with_open(self, key: int, exposure: Exposure) -> Exposure:
        return replace(exposure, open=self.still_open(key))

    def still_open(self, key: int) -> tuple[Span, ...]:
        return tuple(c.span for c in self.commands.values() if c.key == key and c.fallback is None)

    def lose(self, command: Command, now: float) -> None:
        self.commands.pop(command.number, None)
        row = self.rows[command.key]
        if command.fallback is None:
            lost = row.exposure
            if command.tx == row.tx:
                lost = row.exposure.lost(command.span, now_s=now, still_open=self.still_open(command.key))
            row.exposure = self.with_open(command.key, lost)
        self.dirty = True

    def answered(self, number: int, accepted: bool, now: float) -> None:
        """An answer to what is still waited for; a later one changes nothing any more."""
        command = self.commands.pop(number, None)
        if command is None:
            return
        if self.busy.get(command.key) == number:
            del self.busy[command.key]
        row = self.rows[command.key]
        self.dirty = True
        if command.fallback is not None:
            if accepted:
                row.exposure = row.exposure.fallback_taken(*command.fallback, now_s=now)
        elif command.tx != row.tx:
            row.exposure = self.with_open(command.key, row.exposure)
        elif accepted:
            row.exposure = row.exposure.accepted(
                command.span, now_s=now, still_open=self.still_open(command.key)
            )
            row.exposure = row.exposure.told(now_s=now)
            self.trusted.add(command.key)
        else:
            row.exposure = row.exposure.refused(still_open=self.still_open(command.key))

    def claim(self, key: int, now: float) -> Command | None:
        """The next command for that socket; one at a time."""
        if key in self.busy or key not in self.sockets:
            return None
        for command in self.commands.values():
            if command.key == key and command.state == QUEUED:
                command.state, command.sent_s = SENT, now
                self.busy[key] = command.number
                self.rows[key].writes += 1
                return command
        return None

    def give_up(self, now: float, *, after_s: float) -> None:
        for command in list(self.commands.values()):
            if command.state == SENT and now - command.sent_s >= after_s:
                if self.busy.get(command.key) == command.number:
                    del self.busy[command.key]
                self.lose(command, now)
            elif command.state == QUEUED and now - command.queued_s >= 60:
                del self.commands[command.number]
                row = self.rows[command.key]
                row.exposure = row.exposure.refused(still_open=self.still_open(command.key))

    def capacity(self, now: float) -> dict[str, Capacity]:
        """Limits less margin and what the building may take: measured and its rise, or its maximum when the meter is silent."""
        near = {
            pk: [low - self.margin_ma for low in self.aimed.get(pk, self.limits[pk])] for pk in self.limits
        }
        far = {pk: list(values) for pk, values in near.items()}
        for pk, most in self.base_max.items():
            measured = self.measured.get(pk)
            fresh = measured is not None and now - measured[0] <= 60
            for above in (pk, "root") if pk != "root" else ("root",):
                for phase in range(3):
                    soon = (
                        min(most[phase], measured[1][phase] + self.base_rise[pk][phase])
                        if fresh
                        else most[phase]
                    )
                    near[above][phase] -= soon
                    far[above][phase] -= most[phase]
        window_s = self.terms.lease_s + 25
        return {pk: Capacity(near[pk], far[pk], window_s) for pk in near}

    def lines(self, now: float) -> list[Line]:
        lines = []
        asked = {c.key: c.span.limit_ma for c in self.commands.values() if c.fallback is None}
        for row in self.rows.values():
            exposure = row.exposure
            steered = bool(row.tx) and row.key in self.sockets and exposure.fallback_ma is not None
            held_ma = exposure.in_force_ma(now)
            wait_s = 0 if held_ma == 0 else self.raise_every_s
            lines.append(
                Line(
                    row.key,
                    row.path,
                    exposure,
                    target_ma=row.target_ma if steered else None,
                    may_rise=now - row.raised_s >= wait_s,
                    ask=row.key not in self.trusted,
                    asked_ma=asked.get(row.key),
                )
            )
        return lines

    def rebalance(self, now: float) -> list[Move]:
        self.dirty = False
        capacity = self.capacity(now)
        lines = self.lines(now)
        self.share(lines, capacity, now)
        lines = [
            replace(line, target_ma=self.rows[line.key].target_ma)
            if line.target_ma is not None and line.target_ma != self.rows[line.key].target_ma
            else line
            for line in lines
        ]
        moves = self.plan(lines, capacity, now_s=now, terms=self.terms)
        if self.checks:
            gate.check_moves(moves, lines, capacity, now_s=now, terms=self.terms)
        for move in moves:
            self.queue(move, now)
        return moves

    def queue(self, move: Move, now: float) -> None:
        row = self.rows[move.key]
        self.drop_queued(move.key)
        self.numbers += 1
        command = Command(self.numbers, move.key, row.tx, move.span, now, why=move.why)
        self.commands[command.number] = command
        row.exposure = self.with_open(move.key, row.exposure)
        if move.why == "raise":
            row.raised_s = now

    def queue_fallback(self, row: Row, fallback: tuple[int, float], now: float) -> None:
        if row.key in self.sockets and not any(
            c.key == row.key and c.fallback for c in self.commands.values()
        ):
            self.numbers += 1
            self.commands[self.numbers] = Command(
                self.numbers, row.key, row.tx, Span(0), now, fallback=fallback
            )

    def share(self, lines: list[Line], capacity: Mapping[str, Capacity], now: float) -> None:
        """The minimum or nothing, then equal shares per phase; who waits longest comes first when 6 A are too much."""
        free = {pk: list(carries.near_ma) for pk, carries in capacity.items()}
        steered = [line for line in lines if line.target_ma is not None]
        for line in lines:
            if line.target_ma is None and any(worst := line.exposure.worst(now)):
                for pk in line.path:
                    free[pk] = [have - load for have, load in zip(free[pk], worst, strict=True)]
        given: dict[int, int] = {}
        for line in sorted(steered, key=lambda line: self.rank(line, now)):
            if room_of(line, free) >= line.min_ma:
                give(line, line.min_ma, given, free)
        self.fill(steered, given, free)
        for line in steered:
            row = self.rows[line.key]
            wanted = given.get(line.key, 0)
            if (wanted > 0) != (row.target_ma > 0):
                row.since_s = now
            row.target_ma = wanted
            row.served += wanted > 0

    def rank(self, line: Line, now: float) -> tuple[bool, float, int]:
        row = self.rows[line.key]
        dwells = row.target_ma > 0 and now - row.since_s < self.dwell_s
        return not dwells, row.served, row.key

    def fill(self, steered: list[Line], given: dict[int, int], free: dict[str, list[int]]) -> None:
        """Raise all together until a circuit is full, in whole steps; what is left of a step goes to the first who fits."""
        growing = [line for line in steered if line.key in given]
        while growing:
            users: dict[tuple[str, int], int] = {}
            for line in growing:
                for pk in line.path:
                    for phase in line.exposure.own:
                        users[pk, phase] = users.get((pk, phase), 0) + 1
            more = min(max(0, free[pk][phase]) // count for (pk, phase), count in users.items())
            more = min(more, *(self.rows[line.key].max_ma - given[line.key] for line in growing))
            more = more // 1_000 * 1_000
            for line in growing:
                give(line, more, given, free)
            full = {row for row, count in users.items() if free[row[0]][row[1]] < count * 1_000}
            growing = [
                line
                for line in growing
                if given[line.key] < self.rows[line.key].max_ma
                and not any((pk, phase) in full for pk in line.path for phase in line.exposure.own)
            ]
        for line in steered:
            most_ma = self.rows[line.key].max_ma
            if line.key in given and given[line.key] < most_ma and room_of(line, free) >= line.step_ma:
                give(line, line.step_ma, given, free)


def room_of(line: Line, free: Mapping[str, list[int]]) -> int:
    return min(free[pk][phase] for pk in line.path for phase in line.exposure.own)


def give(line: Line, more_ma: int, given: dict[int, int], free: dict[str, list[int]]) -> None:
    given[line.key] = given.get(line.key, 0) + more_ma
    for pk in line.path:
        for phase in line.exposure.own:
            free[pk][phase] -= more_ma
