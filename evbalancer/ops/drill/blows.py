"""Faults of a drill beside kills of the web process and outages of services: each begins, lasts and ends, and what came of it is noted."""

import asyncio
import contextlib
import errno
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from chargers.simulator.play.site import Site
from evbalancer.ops.drill import books
from evbalancer.ops.drill.place import Place
from evbalancer.ops.drill.processes import Server
from evbalancer.ops.drill.report import Survived
from evbalancer.ops.drill.services import PostgreSQL, Service, may_mount

# The bar of all these faults: charge points are back, and somebody balances.
BACK_S: Final = 60.0
# A web process stands in when workers have been silent for some seconds; a busy machine takes longer.
STANDS_IN_S: Final = 45.0
# What was in a queue or on its way when workers went is done by then.
UNDER_WAY: Final = timedelta(seconds=2)
FULL_S: Final = 6.0
BLOCK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may touch."""

    server: Server
    services: Sequence[Service]
    site: Site
    place: Place
    rng: random.Random
    down_s: tuple[float, float]

    async def wait(self) -> None:
        await asyncio.sleep(self.rng.uniform(*self.down_s))


@asynccontextmanager
async def _killed(name: str, scene: Scene) -> AsyncIterator[None]:
    await asyncio.to_thread(scene.server.kill_worker, name)
    await scene.wait()
    yield
    await asyncio.to_thread(scene.server.start_worker, name)


@asynccontextmanager
async def _workers_away(scene: Scene) -> AsyncIterator[None]:
    """All of them, while Redis answers: until a web process has balanced in their place."""
    for name in ("beat", "worker"):
        await asyncio.to_thread(scene.server.kill_worker, name)
    yield
    await asyncio.to_thread(scene.server.start_workers)


@asynccontextmanager
async def _deployed(scene: Scene) -> AsyncIterator[None]:
    yield
    await asyncio.to_thread(scene.server.deploy)


@asynccontextmanager
async def _disk_full(scene: Scene) -> AsyncIterator[None]:
    """Nothing more can be written where PostgreSQL keeps its data; when there is room again it is started, if it has ended."""
    (postgresql,) = [service for service in scene.services if isinstance(service, PostgreSQL)]
    filler = postgresql.directory / "filler"
    try:
        await asyncio.to_thread(_fill, filler)
        await asyncio.sleep(FULL_S)
        # What the database itself has freed meanwhile.
        await asyncio.to_thread(_fill, filler)
        yield
    finally:
        filler.unlink(missing_ok=True)
        await asyncio.to_thread(postgresql.come_back)


def _fill(path: Path) -> None:
    block = bytes(BLOCK_BYTES)
    with path.open("ab", buffering=0) as file:
        size = BLOCK_BYTES
        while size:
            try:
                file.write(block[:size])
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                # To the last page of the disk.
                size //= 2


@dataclass(frozen=True, slots=True)
class Blow:
    """`must_balance`: somebody balances while it lasts. `by_workers`: it is over when workers do again."""

    lasts: Callable[[Scene], contextlib.AbstractAsyncContextManager[None]]
    must_balance: bool = False
    by_workers: bool = False


BLOWS: Final[Mapping[str, Blow]] = {
    "worker killed": Blow(partial(_killed, "worker"), by_workers=True),
    "beat killed": Blow(partial(_killed, "beat"), by_workers=True),
    "workers away": Blow(_workers_away, must_balance=True, by_workers=True),
    "deploy": Blow(_deployed),
    "disk full": Blow(_disk_full),
}


def possible_blows() -> tuple[str, ...]:
    """All that can be played on this machine."""
    return tuple(name for name in BLOWS if name != "disk full" or may_mount())


async def strike(name: str, scene: Scene) -> Survived:
    """Play one of them to its end, and until all is well again."""
    blow, survived = BLOWS[name], Survived(name, 0.0, must_balance_meanwhile=BLOWS[name].must_balance)
    began = datetime.now(UTC)
    async with blow.lasts(scene):
        if blow.must_balance:
            survived.balanced_meanwhile_s = await books.attended(
                scene.place, after=datetime.now(UTC) + UNDER_WAY, within_s=STANDS_IN_S
            )
    over = datetime.now(UTC)
    survived.lasted_s = (over - began).total_seconds()
    survived.balanced_s, survived.all_back_s = await asyncio.gather(
        books.attended(scene.place, after=over, within_s=BACK_S, by_workers=blow.by_workers),
        books.all_seen(scene.site, within_s=BACK_S),
    )
    return survived
