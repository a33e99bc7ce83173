"""Live through a plan: the real product from the OCPP frame inwards, in a simulated world, judged at every change."""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.test import override_settings

from evbalancer.life.clock import run_simulated, simulated
from evbalancer.life.court import Court
from evbalancer.life.digest import digest_database
from evbalancer.life.judges.judge import Violation
from evbalancer.life.lines import Network
from evbalancer.life.plan import Plan
from evbalancer.life.server import Server
from evbalancer.life.sites import catalogue
from evbalancer.life.truth import Happening
from evbalancer.life.world import World

QUIET_S = 600.0
IN_MEMORY: dict[str, Any] = {
    # Django would keep the text of every query.
    "DEBUG": False,
    "REDIS_URL": "",
    # Invented cars, whatever the settings name; their tokens are encrypted with a key that is none.
    "SMARTCAR_CLIENT_ID": "",
    "SMARTCAR_MOCK": True,
    "FIELD_ENCRYPTION_KEYS": [base64.urlsafe_b64encode(bytes(32)).decode()],
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    "CHANNEL_LAYERS": {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
}
TOLD_BEFORE_S = 3_600.0


@dataclass(slots=True)
class Report:
    plan: Plan
    violations: list[Violation]
    story: list[Happening]
    digest: str
    simulated_s: float
    took_s: float
    transactions: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    # The names of what happened, for a plan that keeps a part of it.
    happened: list[str] = field(default_factory=list)
    # How often what went wrong was felt.
    felt: dict[str, int] = field(default_factory=dict)

    @property
    def speed(self) -> float:
        """Simulated seconds a second."""
        return self.simulated_s / self.took_s

    def tell(self) -> Iterator[str]:
        """The first violation with what was done before it, for a person to read."""
        if not self.violations:
            return
        first = self.violations[0]
        yield from self.timeline(since=first.at - TOLD_BEFORE_S, until=first.at)
        yield from map(str, self.violations)

    def timeline(self, *, since: float, until: float) -> Iterator[str]:
        for line in self.story:
            if since <= line.at <= until:
                yield f"{datetime.fromtimestamp(line.at, UTC):%d %b %H:%M:%S} {line.who}: {line.what}"


def live(plan: Plan, *, to_first: bool = False, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Play the plan on this process's database, which must be empty. `to_first`: no further than to the first violation."""
    began_s = time.perf_counter()
    begin = catalogue.begin_of(plan)
    with simulated(begin=begin, seed=plan.seed) as clock, _alone():
        cache.clear()
        court, world = run_simulated(clock, _live(plan, tell, to_first=to_first))
        simulated_s = time.time() - begin.timestamp()
        digest, rows = digest_database()
    return Report(
        plan=plan,
        violations=court.violations,
        story=world.story.lines,
        digest=digest,
        simulated_s=simulated_s,
        took_s=time.perf_counter() - began_s,
        transactions=len(world.site.taken),
        rows=rows,
        happened=world.happened,
        felt=world.felt,
    )


async def _live(plan: Plan, tell: Callable[[str], None], *, to_first: bool) -> tuple[Court, World]:
    network = Network(seed=plan.seed)
    server = Server(network)
    world = World(plan, catalogue.build(plan.site, now=datetime.now(UTC)), network, server)
    court = Court(world)
    with court.sits():
        await server.start()
        async with world.site:
            await world.site.connected(timeout_s=120)
            world.begin()
            for minute in range(1, round(plan.hours * 60) + 1):
                await asyncio.sleep(60)
                court.see_minute()
                if minute % 60 == 0:
                    tell(f"hour {minute // 60}: {world.site.totals()}")
                if to_first and court.violations:
                    break
            await world.end()
            if not (to_first and court.violations):
                await asyncio.sleep(QUIET_S)
                court.see_end()
        await server.stop()
    return court, world


@contextmanager
def _alone() -> Iterator[None]:
    """One process in memory, whatever the settings name. Django refuses its database to code on a loop, which would wait for it;
    here nobody waits for anything."""
    with mock.patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="1"), override_settings(**IN_MEMORY):
        yield
