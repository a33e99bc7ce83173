"""A cluster with everything that goes wrong in one, second by second; the physical sum is judged on every circuit and phase."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chargers.exposure import Exposure, Span, Timing
from scheduling.domain.balancing.gate import Move, Terms, plan_moves
from tests.scheduling.safety.server import Command, Row, Server
from tests.scheduling.safety.station import Station

Phases = tuple[int, int, int]
ALL_PHASES = (0, 1, 2)


@dataclass(frozen=True)
class Trouble:
    """How often things go wrong, per connector and hour unless it says otherwise."""

    offline: float = 0.0
    offline_s: tuple[float, float] = (20, 240)
    crashes: float = 0.0  # of the server, an hour
    down_s: tuple[float, float] = (1, 120)
    late: float = 0.0  # share of answers that come after the time-out, or never
    rejected: float = 0.0  # share of limits refused
    reboots: float = 0.0
    slow_start: float = 0.0  # share of StartTransactions that take the longest way
    meter_loss: float = 0.0  # an hour
    cuts: float = 0.0  # of a circuit's limit, an hour
    plugging: float = 2.0
    clock_late_s: float = 3.0
    not_relative: float = 0.0  # share of stations that do not honour Relative, and are known for it
    not_lapsing: float = 0.0
    unknown_rotation: float = 0.0
    unmanaged: float = 0.0  # share of sites with a charger that has no fallback yet


CALM = Trouble()
MILD = Trouble(offline=0.5, crashes=0.3, late=0.01, rejected=0.01, reboots=0.05, meter_loss=0.3, cuts=0.3)
STRESS = Trouble(
    offline=4,
    crashes=4,
    late=0.1,
    rejected=0.1,
    reboots=1,
    slow_start=0.1,
    meter_loss=4,
    cuts=3,
    plugging=6,
    not_relative=0.1,
    not_lapsing=0.1,
    unknown_rotation=0.2,
    unmanaged=0.2,
)


@dataclass
class Site:
    """What is built: circuits, connectors, fallbacks that fit, and how the rules are timed there."""

    limits: dict[str, Phases]
    base_max: dict[str, Phases]
    base_rise: dict[str, Phases]
    stations: list[Station]
    rows: dict[int, Row]
    terms: Terms
    timing: Timing
    wait_s: float
    answer_s: float = 30
    margin_ma: int = 0
    has_base: bool = True


@dataclass
class Result:
    violations: list[tuple[float, str, int, int, int]] = field(default_factory=list)
    used: float = 0.0
    possible: float = 0.0
    writes: int = 0
    renewals: int = 0
    starved_s: float = 0.0

    @property
    def utilisation(self) -> float:
        return self.used / self.possible if self.possible else 1.0


class World:
    """Events in order of time; stations that only change when something happens; one server."""

    def __init__(
        self,
        site: Site,
        trouble: Trouble,
        rng: random.Random,
        *,
        plan: Callable[..., list[Move]] = plan_moves,
        server: type[Server] = Server,
        checks: bool = False,
    ) -> None:
        self.site, self.trouble, self.rng = site, trouble, rng
        self.now = 0.0
        self.server = server(
            rows=site.rows,
            limits=site.limits,
            base_max=site.base_max,
            base_rise=site.base_rise,
            terms=site.terms,
            margin_ma=site.margin_ma,
            plan=plan,
            checks=checks,
        )
        self.alive = True
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.counter = 0
        self.transactions = 0
        self.sockets = 0
        self.judged = dict(site.limits)
        self.base = {
            pk: tuple(int(most * rng.uniform(0.1, 0.6)) for most in load)
            for pk, load in site.base_max.items()
        }
        self.meter_silent_until = -1.0
        self.judged_state: tuple[Any, ...] = ()
        self.result = Result()

    def at(self, when: float, call: Callable[..., None], *args: Any) -> None:
        self.counter += 1
        heapq.heappush(self.events, (when, self.counter, call, args))

    def wait(self, per_hour: float) -> float:
        return self.rng.expovariate(per_hour / 3600) if per_hour > 0 else float("inf")

    def run(self, seconds: int) -> Result:
        self.begin()
        stations, site = self.site.stations, self.site
        for second in range(seconds):
            self.now = now = float(second)
            while self.events and self.events[0][0] <= now:
                _, _, call, args = heapq.heappop(self.events)
                call(*args)
            if self.alive and (self.server.dirty or second % 5 == 0):
                self.serve()
            for station in stations:
                if now >= station.next_look_s:
                    station.step(now)
            self.judge()
        self.result.writes = sum(row.writes for row in site.rows.values())
        return self.result

    def begin(self) -> None:
        rng, trouble = self.rng, self.trouble
        for station in self.site.stations:
            self.open(station)
            self.status(station)
            self.at(rng.uniform(0, 60), self.plug, station)
            self.at(self.wait(trouble.offline), self.cut_link, station)
            self.at(self.wait(trouble.reboots), self.reboot, station)
            self.at(rng.uniform(0, 10), self.pong, station)
        self.at(self.wait(trouble.crashes), self.crash)
        self.at(self.wait(trouble.cuts), self.cut_limit)
        self.at(self.wait(trouble.meter_loss), self.lose_meter)
        if self.site.has_base:
            self.at(0.0, self.measure)

    # The building.

    def measure(self) -> None:
        site, rng = self.site, self.rng
        window_s = 60 + site.terms.lease_s + 25
        for pk, load in self.base.items():
            moved = []
            for phase, value in enumerate(load):
                most, rise = site.base_max[pk][phase], site.base_rise[pk][phase] * 10 / window_s
                moved.append(int(min(most, max(0, value + rng.uniform(-2 * rise, rise)))))
            if rng.random() < 0.1:
                # For a while it climbs as fast as it ever does.
                moved = [
                    int(min(site.base_max[pk][p], load[p] + site.base_rise[pk][p] * 10 / window_s))
                    for p in range(3)
                ]
            self.base[pk] = tuple(moved)
            if self.alive and self.now >= self.meter_silent_until:
                self.server.measured[pk] = (self.now, self.base[pk])
        self.at(self.now + 10, self.measure)

    def lose_meter(self) -> None:
        self.meter_silent_until = self.now + self.rng.uniform(20, 200)
        self.at(self.now + 200 + self.wait(self.trouble.meter_loss), self.lose_meter)

    def cut_limit(self) -> None:
        """A lower limit, announced so early that what can't be reached has lapsed when it is judged."""
        site, rng = self.site, self.rng
        pk = rng.choice(list(site.limits))
        floor = [site.base_max.get(pk, (0, 0, 0))[phase] + site.margin_ma for phase in range(3)]
        for below in site.base_max:
            if pk == "root" and below != "root":
                floor = [have + site.base_max[below][phase] for phase, have in enumerate(floor)]
        for row in site.rows.values():
            if pk in row.path:
                worst = (
                    row.exposure.fallback_ma
                    if row.exposure.fallback_ma is not None
                    else row.exposure.nameplate_ma
                )
                floor = [
                    have + (worst if phase in row.exposure.wired else 0) for phase, have in enumerate(floor)
                ]
        usual = site.limits[pk]
        share = rng.uniform(0.3, 0.9)
        lower = tuple(max(least, int(was * share)) for least, was in zip(floor, usual, strict=True))
        if all(low <= was for low, was in zip(lower, usual, strict=True)):
            self.server.aimed[pk] = lower
            self.server.dirty = True
            notice_s = site.terms.lease_s + site.timing.clock_error_s + site.timing.settle_s + 2
            until = self.now + notice_s + rng.uniform(10, 300)
            self.at(self.now + notice_s, self.judged.__setitem__, pk, lower)
            self.at(until, self.lift, pk, usual)
            self.at(until + self.wait(self.trouble.cuts), self.cut_limit)

    def lift(self, pk: str, usual: Phases) -> None:
        self.judged[pk] = usual
        self.server.aimed.pop(pk, None)
        self.server.dirty = True

    # Cars.

    def plug(self, station: Station) -> None:
        rng = self.rng
        if not station.plugged and self.now >= station.dead_until_s:
            station.plugged = True
            count = rng.choice((1, 1, 2, 3, 3)) if len(station.wired) == 3 else len(station.wired)
            station.car_phases = station.wired[:count]
            station.car_ma = rng.choice((16_000, 16_000, 32_000, 20_000))
            station.lag_s = min(rng.uniform(2, self.site.timing.settle_s + 6), self.site.timing.settle_s - 1)
            self.begin_transaction(station)
        self.at(self.now + self.wait(self.trouble.plugging), self.unplug, station)

    def unplug(self, station: Station) -> None:
        if station.plugged:
            station.plugged = False
            if station.tx:
                station.end(self.now)
                self.flush(station)
        self.at(self.now + self.wait(3 * self.trouble.plugging), self.plug, station)

    def begin_transaction(self, station: Station) -> None:
        self.transactions += 1
        station.begin(self.transactions, self.now)
        slow = self.rng.random() < self.trouble.slow_start
        self.flush(station, after_s=self.site.timing.start_way_s - 3 if slow else self.rng.uniform(0, 1.5))

    # Links.

    def open(self, station: Station) -> None:
        self.sockets += 1
        station.socket, station.up, station.reads_s = self.sockets, True, self.now
        self.server.opened(station.name, self.now)

    def cut_link(self, station: Station, seconds: float | None = None) -> None:
        if not station.up:
            return
        station.up = False
        socket, station.socket = station.socket, 0
        lasts = seconds if seconds is not None else self.rng.uniform(*self.trouble.offline_s)
        self.at(self.now + self.rng.uniform(1, 40), self.notice, station, socket)
        self.at(self.now + lasts, self.reconnect, station)
        self.at(self.now + lasts + self.wait(self.trouble.offline), self.cut_link, station)

    def notice(self, station: Station, socket: int) -> None:
        """The server finds the socket dead, if no newer one has taken its place."""
        if self.alive and station.socket == 0 and station.name in self.server.sockets:
            self.server.closed(station.name, self.now)

    def reconnect(self, station: Station) -> None:
        if station.socket:
            return
        if not self.alive or self.now < station.dead_until_s:
            self.at(self.now + self.rng.uniform(1, 10), self.reconnect, station)
            return
        self.open(station)
        self.at(self.now + self.rng.uniform(0.1, 2), self.status, station)
        self.flush(station, after_s=self.rng.uniform(1, self.site.timing.start_way_s - 3))

    def status(self, station: Station) -> None:
        if station.socket and self.alive and not station.tx:
            self.server.told_idle(station.name, self.now)

    def flush(self, station: Station, *, after_s: float = 0.5) -> None:
        self.at(self.now + after_s, self.deliver_queue, station, station.socket)

    def deliver_queue(self, station: Station, socket: int) -> None:
        if not socket or station.socket != socket or not self.alive:
            return
        while station.queue:
            kind, number = station.queue.popleft()
            if kind == "start":
                phases = (
                    station.car_phases
                    if station.tx == number and self.site.rows[station.name].rotation_known
                    else ()
                )
                self.server.started(station.name, number, phases, self.now)
            else:
                self.server.stopped(station.name, number, self.now)

    def pong(self, station: Station) -> None:
        if station.socket and self.alive:
            self.server.heard(station.name, self.now)
            self.server.metered(station.name, station.draw_ma, self.now)
            if station.name not in self.server.trusted:
                self.at(self.now + self.rng.uniform(0.1, 2), self.status, station)
        self.at(self.now + 10, self.pong, station)

    def reboot(self, station: Station) -> None:
        """It goes dark and comes back without its transaction; the fallback survives, the car may begin again."""
        if station.up:
            if station.tx:
                station.end(self.now)
            lasts = self.rng.uniform(10, 40)
            station.dead_until_s = self.now + lasts
            self.cut_link(station, lasts)
            if station.plugged:
                self.at(self.now + lasts + self.rng.uniform(0, 5), self.after_reboot, station)
        self.at(self.now + 60 + self.wait(self.trouble.reboots), self.reboot, station)

    def after_reboot(self, station: Station) -> None:
        if station.plugged and not station.tx and self.now >= station.dead_until_s:
            self.begin_transaction(station)

    # The server.

    def crash(self) -> None:
        if self.alive:
            self.alive = False
            down = self.rng.uniform(*self.trouble.down_s)
            self.at(self.now + down, self.rise)
            for station in self.site.stations:
                if station.socket:
                    station.socket = 0
                    self.at(self.now + down + self.rng.uniform(0.5, 10), self.reconnect, station)
            self.at(self.now + down + self.wait(self.trouble.crashes), self.crash)

    def rise(self) -> None:
        self.alive = True
        self.server.restart(self.now)

    def serve(self) -> None:
        server = self.server
        server.give_up(self.now, after_s=self.site.answer_s)
        server.rebalance(self.now)
        for row in server.rows.values():
            if row.exposure.fallback_ma is None and self.now > 60:
                server.queue_fallback(
                    row, (6_000, self.site.wait_s if self.site.stations[row.key].relative else 0), self.now
                )
        for key in [command.key for command in server.commands.values()]:
            self.send(key)

    def send(self, key: int) -> None:
        command = self.server.claim(key, self.now)
        if command is not None:
            station = self.site.stations[key]
            self.result.renewals += command.why in ("renew", "keep_down")
            slow = self.rng.random() < self.trouble.late
            way_s = self.rng.uniform(0, self.site.answer_s + 5) if slow else self.rng.uniform(0.0, 0.8)
            # Frames of one socket arrive in the order in which they were sent.
            station.reads_s = max(station.reads_s, self.now + way_s)
            self.at(station.reads_s, self.arrive, station, station.socket, command, slow)

    def arrive(self, station: Station, socket: int, command: Command, slow: bool) -> None:
        if not socket or station.socket != socket:
            return
        rng = self.rng
        if command.fallback is not None:
            accepted = rng.random() >= self.trouble.rejected
            if accepted:
                station.fallback = command.fallback
                station.step(self.now)
        elif rng.random() < self.trouble.rejected:
            accepted = False
        else:
            had = station.tx
            span = command.span
            accepted = station.set_limit(command.tx, span.limit_ma, command.queued_s, span.end_s, self.now)
            if had and not station.tx:
                self.flush(station)
        if slow and rng.random() < 0.5:
            return
        way_s = rng.uniform(0, self.site.answer_s) if slow else rng.uniform(0.0, 0.8)
        self.at(self.now + way_s, self.hear_answer, station, socket, command.number, accepted)

    def hear_answer(self, station: Station, socket: int, number: int, accepted: bool) -> None:
        if self.alive and station.socket == socket:
            self.server.answered(number, accepted, self.now)
            if not self.server.dirty:
                return
            self.send(station.name)

    # The judge.

    def judge(self) -> None:
        """Every second; what was not touched since the last one is as it was."""
        stations = self.site.stations
        state = (
            [station.draw_ma for station in stations],
            [station.tx for station in stations],
            *self.base.values(),
            *self.judged.values(),
        )
        if state != self.judged_state:
            self.judged_state = state
            self.used_now, self.possible_now, self.broken_now = self.measure_loads()
        self.result.used += self.used_now
        self.result.possible += self.possible_now
        self.result.violations += [(self.now, *broken) for broken in self.broken_now]

    def measure_loads(self) -> tuple[int, int, list[tuple[str, int, int, int]]]:
        """What the cars draw, what limits and cars would allow, and each circuit and phase that carries too much."""
        load = self.building()
        wants, used = [0, 0, 0], 0
        for station in self.site.stations:
            if station.tx:
                for phase in station.car_phases:
                    wants[phase] += min(station.car_ma, station.nameplate_ma)
            draw_ma = station.draw_ma
            if draw_ma:
                used += draw_ma * len(station.car_phases)
                for pk in self.site.rows[station.name].path:
                    sums = load[pk]
                    for phase in station.car_phases:
                        sums[phase] += draw_ma
        broken = [
            (pk, phase, sum_ma, limit_ma)
            for pk, limit in self.judged.items()
            for phase, (sum_ma, limit_ma) in enumerate(zip(load[pk], limit, strict=True))
            if sum_ma > limit_ma
        ]
        free = [
            limit - sum(part)
            for limit, part in zip(self.judged["root"], zip(*self.base.values(), strict=True), strict=True)
        ]
        possible = sum(min(want, max(0, room)) for want, room in zip(wants, free, strict=True))
        return used, possible, broken

    def building(self) -> dict[str, list[int]]:
        """What the building takes on each circuit, with what hangs below it."""
        load = {pk: list(self.base.get(pk, (0, 0, 0))) for pk in self.site.limits}
        for pk, part in self.base.items():
            if pk != "root":
                load["root"] = [have + more for have, more in zip(load["root"], part, strict=True)]
        return load


def new_row(
    station: Station, path: tuple[str, ...], *, fallback_ma: int, wait_s: float, timing: Timing, known: bool
) -> Row:
    """The connector as the server knows it, commissioned: its fallback is confirmed and its make was tried."""
    exposure = Exposure(
        nameplate_ma=station.nameplate_ma,
        wired=station.wired if known else ALL_PHASES,
        fallback_ma=fallback_ma,
        wait_s=wait_s if station.relative else 0,
        lapses=station.lapses,
        contact_s=0.0,
        timing=timing,
    )
    station.fallback = (fallback_ma, wait_s)
    most = station.nameplate_ma if station.lapses else max(fallback_ma, 0)
    return Row(station.name, path, exposure, rotation_known=known, max_ma=most)


__all__ = ["CALM", "MILD", "STRESS", "Result", "Site", "Span", "Trouble", "World", "new_row", "replace"]
