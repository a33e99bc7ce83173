import asyncio
from datetime import timedelta
from typing import Any

from django.utils import timezone

from evbalancer.life.people.asking import NOBODY, Person
from evbalancer.life.scene import HOUR_S, Scene

WHY = {"reason": "Life"}


async def manage(scene: Scene, *, every_s: float = 3 * HOUR_S) -> None:
    """Cuts a circuit through the API now and then, and lifts the limit again."""
    rng = scene.chance("manager")
    manager = Person(scene, "the manager", scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        name, circuit_id = rng.choice(sorted(scene.place.circuits.items()))
        pct = rng.randint(50, 90)
        body: dict[str, Any] = {"circuit_id": str(circuit_id), "pct": pct, **WHY}
        if rng.random() < 0.3:
            body["until"] = (timezone.now() + timedelta(seconds=rng.uniform(900, 7_200))).isoformat()
        lasts_s = rng.uniform(60, 2 * HOUR_S)
        if not scene.happens("manager", "cut"):
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
