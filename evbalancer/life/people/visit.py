"""A car comes to a charge point and leaves it, whoever drives."""

import random

from chargers.simulator.station import Station
from evbalancer.life.people.cars import Model, drive_up
from evbalancer.life.scene import Scene, short

# A card that nobody has.
FOREIGN = "NOBODY"


async def come(
    scene: Scene, station: Station, rng: random.Random, *, model: Model, card: str | None, connector: int = 1
) -> bool:
    """False where the plan of this life leaves it out."""
    car = drive_up(rng, model)
    if not scene.happens(short(station.spec.id), "car"):
        return False
    said = "without a card" if card is None else f"with card {card}"
    scene.story.tell(_name(station, connector), f"a {car.name} at {car.soc_pct} % comes {said}")
    await station.plug_in(car, id_tag=card, connector_id=connector)
    return True


async def leave(scene: Scene, station: Station, *, connector: int = 1) -> None:
    if await station.unplug(connector_id=connector) is not None:
        scene.story.tell(_name(station, connector), "the car leaves")


def is_free(scene: Scene, station: Station, connector: int = 1) -> bool:
    return station.connectors[connector].car is None and station.spec.id not in scene.out_of_order


def _name(station: Station, connector: int) -> str:
    return station.spec.id if len(station.connectors) == 1 else f"{station.spec.id}/{connector}"
