"""Play a drill: cars come and go, lines and chargers misbehave, servers are killed, services go away, limits are cut.

Judged is the physical sum of currents on every circuit and phase, at every change. The server's leases are shortened so that
minutes show what takes hours otherwise.
"""

import asyncio
import contextlib
import itertools
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chargers.simulator import faults
from chargers.simulator.plant.battery import Car
from chargers.simulator.play.site import Site
from chargers.simulator.station import Station
from evbalancer.ops.drill import books, place
from evbalancer.ops.drill.blows import Scene, strike
from evbalancer.ops.drill.cuts import cut_now_and_then
from evbalancer.ops.drill.place import Place
from evbalancer.ops.drill.processes import BRISK, START_S, Server
from evbalancer.ops.drill.report import RECOVERY_S, Outage, Report
from evbalancer.ops.drill.services import Service

logger = logging.getLogger(__name__)

CAR_SETTLE_S = 4.0
# Long enough for every lease above the fallback to lapse and every car to follow.
LAPSED_S = float(BRISK["LEASE_S"]) + CAR_SETTLE_S + 3
CALM_DOWN_S = 60
# What was on its way when a service went, read late by a busy machine.
GRACE_S = 3.0
# When Redis is back the web process may balance once more; what comes later is the workers'.
STOOD_IN_S = 6.0
WAYS = ("stop", "kill", "freeze")
TROUBLES = (
    "offline",
    "cut",
    "silence",
    "late_answers",
    "profiles_rejected",
    "profiles_unanswered",
    "profiles_error",
    "reboot",
    "replayed_start",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is to go wrong. Servers and services stay away for at least and at most so long.

    Each service goes away `outages` times: stopped, killed and frozen in turn.
    """

    kills: int = 30
    outages: int = 3
    down_s: tuple[float, float] = (0.0, 20.0)
    outage_s: tuple[float, float] = (3.0, 30.0)
    up_s: tuple[float, float] = (4.0, 12.0)
    # Faults of other kinds, by their names in `blows.BLOWS`.
    blows: tuple[str, ...] = ()
    seed: int = 1


QUICK = Plan(kills=2, outages=1, down_s=(0.0, 3.0), outage_s=(LAPSED_S + 1, LAPSED_S + 2), up_s=(6.0, 9.0))


@dataclass
class Drill:
    """One drill in progress: the server runs, and everything that goes wrong is noted in the report."""

    server: Server
    services: Sequence[Service]
    place: Place
    plan: Plan
    tell: Callable[[str], None] = lambda _: None
    rng: random.Random = field(init=False)
    report: Report = field(init=False)
    site: Site = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.plan.seed)
        self.report = Report(seed=self.plan.seed)
        self.site = Site(self.server.ocpp, circuits=place.PARENTS, tick_s=0.1, seed=self.plan.seed)
        for spec in self.place.specs:
            settings = self.site.add(spec).settings
            settings.sample_s = 5
            settings.backoff_first_s, settings.backoff_most_s = 0.2, 1.0

    async def run(self) -> Report:
        async with self.site:
            await self.site.connected(timeout_s=START_S)
            await books.all_safe(self.place)
            began = time.time()
            troubles = [asyncio.create_task(self._misbehave(station)) for station in self._stations()]
            troubles.append(
                asyncio.create_task(
                    cut_now_and_then(self.server.http, self.place, random.Random(self.plan.seed))
                )
            )
            await self._strike()
            await self._pause()
            for task in troubles:
                task.cancel()
            await asyncio.gather(*troubles, return_exceptions=True)
            self.report.seconds = time.time() - began
            owed = await self._calm_down()
            self.report.ended_by_itself = self.server.ended()
            await books.close(self.report, self.site, self.place, since=began, owed=owed)
        return self.report

    async def _strike(self) -> None:
        blows: list[tuple[Service, str] | str | None] = [None] * self.plan.kills
        for service in self.services:
            blows += [(service, how) for how in itertools.islice(itertools.cycle(WAYS), self.plan.outages)]
        blows += self.plan.blows
        self.rng.shuffle(blows)
        for number, blow in enumerate(blows, start=1):
            await self._pause()
            self.tell(f"{number} of {len(blows)}: {_words(blow)}")
            if blow is None:
                await self._kill()
            elif isinstance(blow, str):
                await self._strike_otherwise(blow)
            else:
                await self._take_away(*blow)
            self.tell(str(self.site.totals()))

    async def _pause(self) -> None:
        await asyncio.sleep(self.rng.uniform(*self.plan.up_s))

    async def _kill(self) -> None:
        await asyncio.to_thread(self.server.kill)
        self.report.kills += 1
        await asyncio.sleep(self.rng.uniform(*self.plan.down_s))
        await asyncio.to_thread(self.server.start)

    async def _strike_otherwise(self, name: str) -> None:
        scene = Scene(self.server, self.services, self.site, self.place, self.rng, self.plan.down_s)
        survived = await strike(name, scene)
        self.report.survived.append(survived)
        self.tell(str(survived))

    async def _take_away(self, service: Service, how: str) -> None:
        outage = Outage(service.name, how, self.rng.uniform(*self.plan.outage_s))
        self.report.outages.append(outage)
        await asyncio.to_thread(service.go_away, how)
        await asyncio.sleep(GRACE_S)
        asked = self._asked()
        await asyncio.sleep(outage.down_s - GRACE_S)
        outage.requests_meanwhile = self._asked() - asked
        if service.name == "PostgreSQL" and outage.down_s > LAPSED_S:
            outage.above_fallback = [
                s.spec.id for s in self._stations() if max(s.draw_ma()) > place.fallback_ma(s.spec)
            ]
        await asyncio.to_thread(service.come_back)
        outage.recovered_s = await books.balanced_again(
            self.place, after_s=STOOD_IN_S if service.name == "Redis" else 0, within_s=2 * RECOVERY_S
        )
        self.tell(str(outage))

    def _asked(self) -> int:
        """What was sent to a charge point before it fell silent is no request of now."""
        tallies = [station.link.tally for station in self._stations()]
        return sum(tally.asked - tally.asked_before for tally in tallies)

    async def _calm_down(self) -> int:
        """Without faults every charge point comes back and delivers its queue. Names those that do not.

        How many of these messages are still owed at the end. New meter values are not among them.
        """
        queued = [
            (station.talker, message) for station in self._stations() for message in station.talker.outbox
        ]

        def owed() -> int:
            return sum(message in talker.outbox for talker, message in queued)

        with contextlib.suppress(TimeoutError):
            await self.site.until(
                lambda: not owed() and all(station.online for station in self._stations()),
                timeout_s=CALM_DOWN_S,
            )
        self.report.not_back = [station.spec.id for station in self._stations() if not station.online]
        return owed()

    def _stations(self) -> list[Station]:
        return list(self.site.charge_points.values())

    async def _misbehave(self, station: Station) -> None:
        """Cars come and go, and something is always about to go wrong."""
        rng = random.Random(f"{self.plan.seed}:{station.spec.id[:2]}")
        tag = f"TAG{station.spec.id.split('-', 1)[0]}"
        await asyncio.sleep(rng.uniform(0, 3))
        while True:
            if station.connectors[1].car is None:
                await station.plug_in(_car(station), id_tag=tag)
            elif rng.random() < 0.15:
                await station.unplug()
            await asyncio.sleep(rng.uniform(2, 10))
            if rng.random() < 0.35:
                kind = rng.choice(TROUBLES)
                self.report.faults[kind] = self.report.faults.get(kind, 0) + 1
                await faults.inject(station, kind, duration_s=rng.uniform(2, 20), value=None)


def _words(blow: tuple[Service, str] | str | None) -> str:
    if blow is None:
        return "kill the server"
    return blow if isinstance(blow, str) else f"{blow[1]} {blow[0].name}"


def _car(station: Station) -> Car:
    phases = station.spec.phases
    return Car(battery_wh=80_000, soc_pct=10, phases=phases, max_ma=32_000, settle_s=CAR_SETTLE_S)


async def play(
    server: Server,
    plan: Plan,
    *,
    services: Sequence[Service] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Build, serve, play, retire: a whole drill on this process's database."""
    built = await books.in_database(lambda: place.build(now=datetime.now(UTC)))
    try:
        # First, since a beat that is still starting ends when the database goes; a supervisor would start it again.
        await asyncio.to_thread(server.start_workers)
        await asyncio.to_thread(server.start)
        return await Drill(server, services, built, plan, tell).run()
    finally:
        await asyncio.to_thread(server.stop)
        await books.in_database(lambda: place.retire(built, now=datetime.now(UTC)))
