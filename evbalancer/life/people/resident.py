import asyncio

from evbalancer.life.people.cars import choose_model
from evbalancer.life.people.visit import FOREIGN, come, is_free, leave
from evbalancer.life.scene import HOUR_S, Scene, short
from evbalancer.life.sites.premises import Member


async def live(scene: Scene, member: Member) -> None:
    """A resident: comes in the evening, leaves in the morning, and sometimes does something else."""
    station = scene.site[member.space]
    rng = scene.chance("resident", station)
    model = choose_model(rng)
    await asyncio.sleep(rng.expovariate(1 / (2 * HOUR_S)))
    while True:
        if is_free(station):
            shown = rng.choices((member.card, None, FOREIGN), (20, 1, 1))[0]
            await come(scene, station, rng, model=model, card=shown)
        await asyncio.sleep(rng.uniform(0.2, 1.0) * rng.choice((HOUR_S, 10 * HOUR_S)))
        taps = rng.random() < 0.15 and not is_free(station)
        if taps and scene.happens(short(station.spec.id), "card"):
            scene.story.tell(station.spec.id, "the driver holds the card to the reader again")
            await station.present_card(member.card)
            await asyncio.sleep(rng.uniform(60, HOUR_S))
        await leave(scene, station)
        await asyncio.sleep(rng.uniform(0.1, 1.0) * rng.choice((HOUR_S, 8 * HOUR_S)))
