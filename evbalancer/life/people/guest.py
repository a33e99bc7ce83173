import asyncio
import random

from chargers.simulator.station import Station
from evbalancer.life.people.cars import choose_model
from evbalancer.life.people.visit import FOREIGN, come, is_free, leave
from evbalancer.life.scene import HOUR_S, Scene

NIGHT_H = (0, 6)


async def pass_by(scene: Scene, station: Station, connector: int) -> None:
    """Whoever stops at a socket in the street: with a card of ours, of others, of nobody, or with none."""
    rng = scene.chance(f"guests of {connector}", station)
    while True:
        is_night = NIGHT_H[0] <= scene.local_now().hour < NIGHT_H[1]
        await asyncio.sleep(rng.expovariate(1 / (4 * HOUR_S if is_night else HOUR_S)))
        if not is_free(scene, station, connector):
            continue
        card, model = _card(scene, rng), choose_model(rng)
        is_there = await come(scene, station, rng, model=model, card=card, connector=connector)
        await asyncio.sleep(rng.uniform(0.1, 1.0) * rng.choice((HOUR_S, 3 * HOUR_S, 12 * HOUR_S)))
        if is_there:
            await leave(scene, station, connector=connector)


def _card(scene: Scene, rng: random.Random) -> str | None:
    ours = rng.choice(scene.place.members).card
    return rng.choices((ours, scene.place.neighbour.card, FOREIGN, None), (14, 2, 2, 2))[0]
