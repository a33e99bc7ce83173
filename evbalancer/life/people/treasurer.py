import asyncio
import random
from collections.abc import Callable

from evbalancer.life.people.asking import Person
from evbalancer.life.scene import HOUR_S, Scene
from grid.enums import SharingPolicy
from pricing.models import Tariff

NAME = "the treasurer"
Act = Callable[[Person, random.Random], None]


async def reform(scene: Scene) -> None:
    """A manager in the back office: changes prices and the rules of sharing while cars charge."""
    rng = scene.chance("treasurer")
    treasurer = Person(scene, NAME, scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / (5 * HOUR_S)))
        act = rng.choice(ACTS)
        dice = random.Random(rng.random())
        if scene.happens("treasurer", act.__name__.strip("_")):
            act(treasurer, dice)


def _price(treasurer: Person, dice: random.Random) -> None:
    tariff = Tariff.objects.filter(community=treasurer.scene.place.cluster.community_id).first()
    if tariff is not None:
        price = f"0.{dice.randint(20, 60)}"
        treasurer.fill_in(
            "pricing_tariff_change",
            tariff.pk,
            what=f"sets the price to {price}",
            base_price_per_mwh_minor=price,
        )


def _policy(treasurer: Person, dice: random.Random) -> None:
    policy = dice.choice(SharingPolicy.values)
    what = f"shares by {policy}"
    treasurer.fill_in("grid_cluster_change", treasurer.scene.place.cluster.pk, what=what, policy=policy)


def _everybody_first(treasurer: Person, dice: random.Random) -> None:
    value = dice.choice((["on"], []))
    what = "gives everybody the minimum first" if value else "gives nobody the minimum first"
    treasurer.fill_in(
        "grid_cluster_change", treasurer.scene.place.cluster.pk, what=what, everybody_first=value
    )


def _emergencies(treasurer: Person, dice: random.Random) -> None:
    value = dice.choice((["on"], []))
    what = "wants to confirm emergencies" if value else "leaves emergencies to the rules"
    community_id = treasurer.scene.place.cluster.community_id
    treasurer.fill_in("grid_community_change", community_id, what=what, emergency_needs_manager=value)


ACTS: tuple[Act, ...] = (_price, _policy, _everybody_first, _emergencies)
