import asyncio
import random

from chargers.simulator.station import Station
from evbalancer.life.people.cars import Model, choose_model
from evbalancer.life.people.visit import come, is_free, leave
from evbalancer.life.scene import HOUR_S, Scene
from evbalancer.life.sites.premises import Member

SATURDAY = 5
MORNING_H, EVENING_H = 8.3, 16.8


async def commute(scene: Scene, member: Member, number: int) -> None:
    """Somebody who works there: takes a space that is free in the morning, and goes home with the others."""
    rng = scene.chance(f"commuter {number}")
    model = choose_model(rng)
    while True:
        await asyncio.sleep(scene.seconds_to(rng.gauss(MORNING_H, 0.8)))
        # Few come at the weekend.
        if rng.random() < (0.3 if scene.local_now().weekday() >= SATURDAY else 0.9):
            await _work(scene, member, rng, model)


async def _work(scene: Scene, member: Member, rng: random.Random, model: Model) -> None:
    station = _find_space(scene, rng)
    if station is None:
        scene.story.tell(member.driver.name, "finds no free space")
        return
    is_there = await come(scene, station, rng, model=model, card=member.card)
    leaves_in_s = scene.seconds_to(rng.gauss(EVENING_H, 1.0))
    # Some move the car at noon, so that others may charge.
    if rng.random() < 0.3:
        leaves_in_s = min(leaves_in_s, rng.uniform(2, 5) * HOUR_S)
    await asyncio.sleep(leaves_in_s)
    if is_there:
        await leave(scene, station)


def _find_space(scene: Scene, rng: random.Random) -> Station | None:
    """The first free one on the way; all are passed, so that the way is the same where a plan leaves some out."""
    way = rng.sample(scene.place.specs, len(scene.place.specs))
    there = [scene.site.charge_points[spec.id] for spec in way if spec.id in scene.site.charge_points]
    return next((station for station in there if is_free(scene, station)), None)
