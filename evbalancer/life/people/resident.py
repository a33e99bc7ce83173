import asyncio
import random

from chargers.simulator.station import Station
from evbalancer.life.people.cars import choose_model
from evbalancer.life.people.visit import FOREIGN, come, is_free, leave
from evbalancer.life.scene import HOUR_S, Scene, short
from evbalancer.life.sites.premises import Member


async def live(scene: Scene, member: Member) -> None:
    """A resident: comes in the evening, leaves in the morning, and sometimes does something else."""
    own = scene.site[member.space]
    rng = scene.chance("resident", own)
    model = choose_model(rng)
    await asyncio.sleep(rng.expovariate(1 / (2 * HOUR_S)))
    while True:
        station = _choose_space(scene, own, rng)
        shown = rng.choices((member.card, None, FOREIGN), (20, 1, 1))[0]
        is_there = is_free(scene, station) and await come(scene, station, rng, model=model, card=shown)
        await asyncio.sleep(rng.uniform(0.2, 1.0) * rng.choice((HOUR_S, 10 * HOUR_S)))
        if rng.random() < 0.15 and is_there and scene.happens(short(own.spec.id), "card"):
            scene.story.tell(station.spec.id, "the driver holds the card to the reader again")
            await station.present_card(member.card)
            await asyncio.sleep(rng.uniform(60, HOUR_S))
        if is_there:
            await leave(scene, station)
        await asyncio.sleep(rng.uniform(0.1, 1.0) * rng.choice((HOUR_S, 8 * HOUR_S)))


def _choose_space(scene: Scene, own: Station, rng: random.Random) -> Station:
    """Their own, and sometimes somebody else's, who then finds it blocked."""
    other = rng.choice(scene.place.specs).id
    return scene.site.charge_points.get(other, own) if rng.random() < 0.05 else own
