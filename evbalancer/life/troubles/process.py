"""The server's process ends, in the middle of something or between two things, and comes back; or there are two for a while."""

import asyncio
import random

from evbalancer.life.scene import Scene
from evbalancer.life.server import Server
from evbalancer.life.storage import Death

# It ends before one of so many next statements, or after one of so many next commits.
STATEMENTS, COMMITS = 400, 20
KILL = "kill"
WAYS = (KILL, "death in a transaction", "death after a commit")


async def end_now_and_then(scene: Scene, server: Server, *, ways: tuple[str, ...], every_s: float) -> None:
    rng, chance = scene.chance("kills"), scene.chance("deaths")
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        away_s = rng.choice((0.0, 5.0, 300.0)) * rng.uniform(0.5, 1.5)
        way = chance.choice(ways)
        if not scene.happens("server", way):
            continue
        if way == KILL:
            await server.kill()
        else:
            await _die(server, way, chance)
        scene.story.tell("the server", f"{way}: it stays away for {away_s:.0f} s")
        scene.disturb_server(away_s)
        await asyncio.sleep(away_s)
        await server.start()


async def _die(server: Server, way: str, rng: random.Random) -> None:
    """Wait until it has died while it wrote."""
    struck = asyncio.Event()

    def strike() -> None:
        server.fall()
        server.storage.felt[way] += 1
        struck.set()

    if way == "death in a transaction":
        death = Death(strike, statements=rng.randint(1, STATEMENTS))
    else:
        death = Death(strike, commits=rng.randint(1, COMMITS))
    with server.storage.ails(death):
        try:
            await struck.wait()
        finally:
            if death.has_struck:
                await server.kill()


async def rival_now_and_then(scene: Scene, server: Server, *, every_s: float) -> None:
    """Two balancers at once: a second process that nobody stopped, or a stand-in for workers that are there after all."""
    rng = scene.chance("rival")
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        lasts_s = rng.choice((60.0, 900.0)) * rng.uniform(0.2, 1.5)
        if not scene.happens("server", "second process"):
            continue
        scene.story.tell("the server", f"has a second process beside it for {lasts_s:.0f} s")
        async with server.rivalled():
            await asyncio.sleep(lasts_s)
