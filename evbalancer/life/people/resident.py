import asyncio
import random

from chargers.simulator.plant.battery import Car
from chargers.simulator.play.household import MODELS
from chargers.simulator.station import Station
from evbalancer.life.scene import HOUR_S, Scene, short

# A card that nobody has.
FOREIGN = "NOBODY"


async def live(scene: Scene, station: Station) -> None:
    """A resident: comes in the evening, leaves in the morning, and sometimes does something else."""
    rng = scene.chance("resident", station)
    model = rng.choice(MODELS)
    card = scene.place.cards[station.spec.id]
    await asyncio.sleep(rng.expovariate(1 / (2 * HOUR_S)))
    while True:
        if station.connectors[1].car is None:
            await _come(scene, station, rng, card, model)
        await asyncio.sleep(rng.uniform(0.2, 1.0) * rng.choice((HOUR_S, 10 * HOUR_S)))
        taps = rng.random() < 0.15 and station.connectors[1].car is not None
        if taps and scene.happens(short(station.spec.id), "card"):
            scene.story.tell(station.spec.id, "the driver holds the card to the reader again")
            await station.present_card(card)
            await asyncio.sleep(rng.uniform(60, HOUR_S))
        if await station.unplug() is not None:
            scene.story.tell(station.spec.id, "the car leaves")
        await asyncio.sleep(rng.uniform(0.1, 1.0) * rng.choice((HOUR_S, 8 * HOUR_S)))


async def _come(
    scene: Scene, station: Station, rng: random.Random, card: str, model: tuple[str, int, int, int]
) -> None:
    name, battery_wh, phases, max_ma = model
    car = Car(
        battery_wh=battery_wh,
        soc_pct=round(rng.triangular(5, 95, 40), 1),
        phases=phases,
        max_ma=max_ma,
        settle_s=round(rng.uniform(1.0, 5.0), 1),
        name=name,
    )
    shown = rng.choices((card, None, FOREIGN), (20, 1, 1))[0]
    if not scene.happens(short(station.spec.id), "car"):
        return
    said = "without a card" if shown is None else f"with card {shown}"
    scene.story.tell(station.spec.id, f"a {name} at {car.soc_pct} % comes {said}")
    await station.plug_in(car, id_tag=shown)
