"""What a driver does with the app: book and cancel, claim true and false emergencies, start and stop charging, look around."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from chargers.models import Connector
from evbalancer.life.people.asking import Person
from evbalancer.life.scene import HOUR_S, Scene, short
from evbalancer.life.sites.premises import Member

# Mean seconds between two acts of all of them together.
EVERY_S = 0.2 * HOUR_S
OPEN_SLOTS = ("promised", "partly_promised", "queued", "active")
PAGES = (
    "/drivers/charging/status",
    "/drivers/sessions",
    "/drivers/balance",
    "/drivers/notifications",
    "/drivers/slot",
    "/drivers/emergency/terms",
    "/drivers/calendar",
    "/drivers/data",
    "/fleet/vehicles",
    "/grid/limits",
    "/pricing/bills",
    "/pricing/prices",
    "/analytics/fairness",
)
Act = Callable[[Person, Member, random.Random], None]


async def use_app(scene: Scene, member: Member) -> None:
    if member.user is None:
        return
    who = short(member.space) if member.space else member.driver.name
    rng = scene.chance(f"app of {who}")
    person = Person(scene, member.driver.name, member.user)
    while True:
        await asyncio.sleep(rng.expovariate(1 / (EVERY_S * len(scene.place.members))))
        act = rng.choices(list(ACTS), list(ACTS.values()))[0]
        # Whether an act takes place changes nothing in what follows.
        dice = random.Random(rng.random())
        if scene.happens(who, act.__name__.strip("_")):
            act(person, member, dice)


def _book(person: Person, member: Member, dice: random.Random) -> None:
    person.ask("POST", "/drivers/slot/request", _wish(member, dice), what="asks for a slot")


def _change(person: Person, member: Member, dice: random.Random) -> None:
    slot_id = _one_of(person, "/drivers/slot", dice, states=OPEN_SLOTS)
    if slot_id is None:
        return
    later = timezone.now() + timedelta(hours=dice.uniform(0.5, 14))
    bodies: dict[str, dict[str, Any]] = {
        "cancel": {},
        "leave": {},
        "snooze": {"minutes": dice.choice((5, 30, 120))},
        "extend": {"ready_by": later.isoformat()},
        "change": _wish(member, dice),
    }
    name = dice.choice(list(bodies))
    body = bodies[name]
    person.ask("POST", f"/drivers/slot/{slot_id}/{name}", body, what=f"wants to {name} the slot")


def _claim(person: Person, member: Member, dice: random.Random) -> None:
    """Some are true, some ask for much more than anybody needs."""
    body: dict[str, Any] = {
        "community_id": str(member.driver.community_id),
        "reason": dice.choice(("To the hospital", "The train is cancelled", "I want to be first")),
        "energy_wh": dice.choice((3_000, 8_000, 20_000, 60_000)),
        "needed_by": (timezone.now() + timedelta(hours=dice.uniform(0.3, 10))).isoformat(),
    }
    if dice.random() < 0.5:
        body["distance_km"] = dice.choice((15, 80, 400))
    person.ask(
        "POST", "/drivers/emergency/request", body, what=f"claims an emergency of {body['energy_wh']} Wh"
    )


def _revoke(person: Person, member: Member, dice: random.Random) -> None:
    claim_id = _one_of(person, "/drivers/emergency", dice, states=("pending", "accepted"))
    if claim_id is not None:
        person.ask("POST", f"/drivers/emergency/{claim_id}/revoke", {}, what="takes the emergency back")


def _appeal(person: Person, member: Member, dice: random.Random) -> None:
    strike_id = _one_of(person, "/drivers/strikes", dice)
    if strike_id is not None:
        body = {"text": "I had to stay at work."}
        person.ask("POST", f"/drivers/strikes/{strike_id}/appeal", body, what="appeals against a strike")


def _start_or_stop(person: Person, member: Member, dice: random.Random) -> None:
    rows = Connector.objects.filter(charge_point__cluster=person.scene.place.cluster, retired_at=None)
    own = rows.filter(charge_point__identity=member.space) if member.space else rows
    connector = dice.choice(list(own.order_by("charge_point__identity", "number")) or [None])
    act = dice.choice(("start", "stop"))
    if connector is not None:
        path = f"/chargers/connectors/{connector.pk}/{act}"
        person.ask("POST", path, {}, what=f"asks {connector} to {act}")


def _look(person: Person, member: Member, dice: random.Random) -> None:
    person.ask("GET", dice.choice(PAGES))


def _pry(person: Person, member: Member, dice: random.Random) -> None:
    """At the house next door, and at what is for managers."""
    neighbour, place = person.scene.place.neighbour, person.scene.place
    circuit_id = dice.choice(sorted(place.circuits.values()))
    tries: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"/chargers/connectors/{neighbour.connector_id}", None),
        ("POST", f"/chargers/connectors/{neighbour.connector_id}/start", {}),
        ("GET", f"/grid/circuits/{neighbour.circuit_id}/timeline", None),
        ("POST", "/grid/limits", {"circuit_id": str(neighbour.circuit_id), "pct": 50, "reason": "Mine"}),
        ("POST", "/grid/limits", {"circuit_id": str(circuit_id), "pct": 50, "reason": "Mine"}),
    ]
    person.pry(*dice.choice(tries))


def _wish(member: Member, dice: random.Random) -> dict[str, Any]:
    now = timezone.now()
    begins_in = timedelta(hours=dice.choice((0.0, 0.0, 1.0, 6.0)))
    wish: dict[str, Any] = {
        "energy_wh": dice.choice((2_000, 7_000, 15_000, 30_000, 90_000)),
        "ready_by": (now + begins_in + timedelta(hours=dice.uniform(-0.5, 16))).isoformat(),
        "flexible": dice.random() < 0.7,
    }
    if begins_in:
        wish["not_before"] = (now + begins_in).isoformat()
    vehicle = member.driver.vehicles.filter(retired_at=None).order_by("name").first()
    if vehicle is not None and dice.random() < 0.7:
        wish["vehicle_id"] = str(vehicle.pk)
    return wish


def _one_of(person: Person, path: str, dice: random.Random, *, states: tuple[str, ...] = ()) -> str | None:
    answer = person.ask("GET", path)
    rows = answer.told.get("results", []) if answer.is_yes else []
    found = [row["id"] for row in rows if not states or row["state"] in states]
    return dice.choice(found) if found else None


ACTS: dict[Act, int] = {
    _book: 8,
    _change: 4,
    _claim: 3,
    _revoke: 1,
    _appeal: 2,
    _start_or_stop: 4,
    _look: 2,
    _pry: 1,
}
