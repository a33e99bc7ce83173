import asyncio
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from evbalancer.life.scene import HOUR_S, Scene


async def manage(scene: Scene) -> None:
    """Cuts a circuit through the API now and then, and lifts the limit again."""
    rng = scene.chance("manager")
    api = APIClient(SERVER_NAME=_own_name())
    api.force_authenticate(scene.place.manager)
    while True:
        await asyncio.sleep(rng.expovariate(1 / (3 * HOUR_S)))
        name, circuit_id = rng.choice(sorted(scene.place.circuits.items()))
        pct = rng.randint(50, 90)
        body: dict[str, Any] = {"circuit_id": str(circuit_id), "pct": pct, "reason": "Life"}
        if rng.random() < 0.3:
            body["until"] = (timezone.now() + timedelta(seconds=rng.uniform(900, 7_200))).isoformat()
        lasts_s = rng.uniform(60, 2 * HOUR_S)
        if not scene.happens("manager", "cut"):
            continue
        scene.story.tell("the manager", f"cuts {name} to {pct} %")
        limit = _ask(api, "/grid/limits", body)
        await asyncio.sleep(lasts_s)
        if "until" not in body:
            scene.story.tell("the manager", f"lifts the limit of {name}")
            _ask(api, f"/grid/limits/{limit['id']}/lift", {"reason": "Life"})


def _ask(api: APIClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(path, body, format="json", secure=True)
    if answer.status_code not in (200, 201):
        raise AssertionError(f"{path} answered {answer.status_code}: {answer.content.decode()[:300]}")
    told: dict[str, Any] = answer.json()
    return told


def _own_name() -> str:
    return next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "localhost")
