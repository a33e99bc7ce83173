"""Promise E3, on the log of the wire: no raise is sent before the cut that pays for it was Accepted and the car had its time."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from chargers.exposure import Span
from scheduling.domain.balancing import gate
from scheduling.domain.balancing.gate import Move
from tests.scheduling.safety.ablations import ungated
from tests.scheduling.safety.server import Command, Server
from tests.scheduling.safety.sites import BRISK, BRISK_TIMING, BRISK_WAIT_S, car_park
from tests.scheduling.safety.world import CALM, World

COMMANDS = 10_000
LIMIT_MA, FALLBACK_MA = 48_000, 6_000
LATE_S = BRISK_TIMING.clock_error_s + BRISK_TIMING.settle_s
# Cars come and go all the time, answers are late, lost or refused; nobody is offline, for then it is E1's to judge.
BUSY = replace(CALM, plugging=60, late=0.03, rejected=0.05)


@dataclass
class Ledger(Server):
    """What went over the wire and what came back, and from that alone what each car may be drawing."""

    accepted: dict[int, Span] = field(default_factory=dict)
    unknown: dict[int, list[Span]] = field(default_factory=lambda: defaultdict(list))
    settling: dict[int, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    sent: int = 0
    raises: int = 0
    inversions: list[tuple[float, int, Span, int]] = field(default_factory=list)

    def may_draw(self, key: int, now: float) -> int:
        followed = [limit_ma for limit_ma, until in self.settling[key] if now < until]
        return max((self.may_hold(key, now), *followed))

    def may_hold(self, key: int, now: float) -> int:
        spans = [*self.unknown[key], *([self.accepted[key]] if key in self.accepted else [])]
        known = [span.limit_ma for span in spans if now < span.end_s + LATE_S]
        lapsed = [FALLBACK_MA for span in spans if now >= span.end_s - BRISK_TIMING.clock_error_s]
        return max((*known, *lapsed), default=0)

    def claim(self, key: int, now: float) -> Command | None:
        command = super().claim(key, now)
        if command is not None:
            self.sent += 1
            before_ma = self.may_draw(key, now)
            self.unknown[key].append(command.span)
            if command.span.limit_ma > before_ma:
                self.raises += 1
                sum_ma = sum(
                    self.may_draw(other, now)
                    for other in self.rows
                    if self.row_phase(other) == self.row_phase(key)
                )
                if sum_ma > LIMIT_MA:
                    self.inversions.append((now, key, command.span, sum_ma))
        return command

    def row_phase(self, key: int) -> int:
        return self.rows[key].exposure.wired[0]

    def answered(self, number: int, accepted: bool, now: float) -> None:
        command = self.commands.get(number)
        super().answered(number, accepted, now)
        if command is None:
            return
        key, span = command.key, command.span
        if span not in self.unknown[key]:
            # Of a transaction that is over.
            return
        if not accepted:
            self.unknown[key].remove(span)
        else:
            self.leave(key, now)
            self.accepted[key] = span

    def started(self, key: int, tx: int, phases: tuple[int, ...], now: float) -> None:
        super().started(key, tx, phases, now)
        self.leave(key, now)

    def stopped(self, key: int, tx: int, now: float) -> None:
        super().stopped(key, tx, now)
        self.leave(key, now)

    def leave(self, key: int, now: float) -> None:
        """Whatever held until now: the car follows it no longer, and has its time to."""
        self.settling[key].append((self.may_hold(key, now), now + BRISK_TIMING.settle_s))
        self.accepted.pop(key, None)
        self.unknown[key].clear()


def play(seed: int, *, plan: Callable[..., list[Move]] = gate.plan_moves) -> Ledger:
    site = car_park(12, LIMIT_MA, phases=1, fallback_ma=FALLBACK_MA, wait_s=BRISK_WAIT_S, terms=BRISK)
    site.timing, site.answer_s = BRISK_TIMING, 15
    for row in site.rows.values():
        row.exposure = replace(row.exposure, timing=BRISK_TIMING)
    world = World(site, BUSY, random.Random(seed), server=Ledger, plan=plan)
    world.run(1_800)
    assert isinstance(world.server, Ledger)
    return world.server


@pytest.mark.promise("E3")
def test_no_raise_is_sent_before_its_cut_is_accepted_and_followed() -> None:
    sent, raises, inversions, seed = 0, 0, [], 0
    while sent < COMMANDS:
        ledger = play(seed)
        sent, raises, seed = sent + ledger.sent, raises + ledger.raises, seed + 1
        inversions += ledger.inversions
    assert inversions == []
    assert raises > COMMANDS // 20


@pytest.mark.promise("E3")
def test_the_log_tells_when_nothing_waits_for_anything() -> None:
    assert play(0, plan=ungated).inversions != []
