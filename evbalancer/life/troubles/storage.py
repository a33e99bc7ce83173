"""The server's database fails now and then, is full for a while, or takes nothing."""

import asyncio
import random

from evbalancer.life.scene import Scene
from evbalancer.life.storage import Ailment, Failing, Full, ReadOnly, Storage

KINDS = ("statements fail", "full", "read-only")
# Of so many statements one fails.
ONE_IN = (30, 1_000)


async def ail_now_and_then(scene: Scene, storage: Storage, *, every_s: float) -> None:
    rng = scene.chance("storage")
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        kind, lasts_s = rng.choice(KINDS), rng.choice((5.0, 60.0, 600.0)) * rng.uniform(0.2, 1.5)
        chance = random.Random(rng.random())
        if not scene.happens("database", kind):
            continue
        scene.story.tell("the database", f"{kind} for {lasts_s:.0f} s")
        scene.disturb_server(lasts_s)
        with storage.ails(_ailment(kind, storage, chance)):
            await asyncio.sleep(lasts_s)


def _ailment(kind: str, storage: Storage, rng: random.Random) -> Ailment:
    if kind == "full":
        return Full(storage)
    if kind == "read-only":
        return ReadOnly(storage)
    one_in = rng.randint(*ONE_IN)
    return Failing(storage, lambda: rng.random() * one_in < 1)
