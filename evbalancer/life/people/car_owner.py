"""A driver who links a car through Smartcar, by the product's own stand-in for it, and uses what that gives."""

import asyncio
import random
from collections.abc import Callable

from evbalancer.life.people.asking import Person
from evbalancer.life.scene import HOUR_S, Scene
from evbalancer.life.sites.premises import Member

CONNECT, CALLBACK = "/auth/smartcar/connect", "/auth/smartcar/callback"
Act = Callable[[Person, random.Random], None]


async def link_car(scene: Scene, member: Member) -> None:
    if member.user is None:
        return
    who = f"owner {member.driver.name}"
    rng = scene.chance(who)
    owner = Person(scene, member.driver.name, member.user)
    await asyncio.sleep(rng.uniform(60, 2 * HOUR_S))
    if scene.happens(who, "link"):
        _link(owner, member)
    while True:
        await asyncio.sleep(rng.expovariate(1 / (3 * HOUR_S)))
        act = rng.choices(list(ACTS), list(ACTS.values()))[0]
        dice = random.Random(rng.random())
        if scene.happens(who, act.__name__.strip("_")):
            act(owner, dice)


def _link(owner: Person, member: Member) -> None:
    """As a browser does: asks for the address, says yes there, and comes back with the code."""
    begun = owner.ask("GET", f"{CONNECT}?community={member.driver.community_id}", what="goes to Smartcar")
    if begun.is_yes:
        state = begun.told["url"].partition("state=")[2].partition("&")[0]
        code = f"mock-code.{member.driver.name.replace(' ', '-')}"
        owner.ask("GET", f"{CALLBACK}?state={state}&code={code}", what="links a car")


def _refresh(owner: Person, dice: random.Random) -> None:
    for car_id in _linked(owner):
        owner.ask("POST", f"/fleet/vehicle/{car_id}/refresh", {}, what="asks for the car's charge")


def _limit(owner: Person, dice: random.Random) -> None:
    for car_id in _linked(owner):
        body = {"pct": dice.choice((50, 80, 100))}
        owner.ask(
            "POST",
            f"/fleet/vehicle/{car_id}/charge-limit",
            body,
            what=f"lets the car stop at {body['pct']} %",
        )


def _unlink(owner: Person, dice: random.Random) -> None:
    connections = owner.ask("GET", "/fleet/connections").told
    rows = connections.get("results", []) if isinstance(connections, dict) else connections
    for row in rows[:1]:
        owner.ask("DELETE", f"/fleet/connections/{row['id']}", what="ends the consent")


def _linked(owner: Person) -> list[str]:
    answer = owner.ask("GET", "/fleet/vehicles")
    rows = answer.told.get("results", []) if answer.is_yes else []
    return [row["id"] for row in rows if row["connection_state"] is not None]


ACTS: dict[Act, int] = {_refresh: 6, _limit: 3, _unlink: 1}
