import asyncio
from datetime import timedelta
from typing import Any

from django.utils import timezone

from evbalancer.life.people.asking import NOBODY, Person
from evbalancer.life.scene import HOUR_S, Scene

WHY = {"reason": "Life"}


async def manage(
    scene: Scene, *, of: str = "", every_s: float = 3 * HOUR_S, most_s: float = 2 * HOUR_S
) -> None:
    """Cuts a circuit, that one or any, through the API now and then, and lifts the limit again after `most_s` at the latest."""
    who = f"manager of {of}" if of else "manager"
    rng = scene.chance(who)
    names = [of] if of else sorted(scene.place.circuits)
    manager = Person(scene, f"the {who}", scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        name = rng.choice(names)
        circuit_id = scene.place.circuits[name]
        pct = rng.randint(50, 90)
        body: dict[str, Any] = {"circuit_id": str(circuit_id), "pct": pct, **WHY}
        if rng.random() < 0.3:
            body["until"] = (timezone.now() + timedelta(seconds=rng.uniform(900, 7_200))).isoformat()
        lasts_s = rng.uniform(60, most_s)
        if not scene.happens(who, "cut"):
            continue
        limit = manager.ask("POST", "/grid/limits", body, what=f"cuts {name} to {pct} %")
        await asyncio.sleep(lasts_s)
        if limit.is_yes and "until" not in body:
            await _lift(manager, name, limit.told["id"])


async def _lift(manager: Person, circuit: str, limit_id: str) -> None:
    """Tries until somebody answers: the server may be away."""
    path, what = f"/grid/limits/{limit_id}/lift", f"lifts the limit of {circuit}"
    while True:
        if manager.ask("POST", path, WHY, what=what) != NOBODY:
            return
        await asyncio.sleep(60)
