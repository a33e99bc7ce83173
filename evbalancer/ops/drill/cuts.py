"""A manager who cuts a circuit's limit now and then and lifts it again, over HTTP, whatever the server's state is."""

import asyncio
import random
from typing import Any
from uuid import uuid4

import httpx
from rest_framework_simplejwt.tokens import AccessToken

from evbalancer.ops.drill.place import Place

WAIT_S, IN_FORCE_S = (2.0, 12.0), (40.0, 70.0)
ANSWER_S, AGAIN_S = 5.0, 1.0
# Low enough to hurt; the fallbacks below any circuit still fit.
PCT = (50, 80)


async def cut_now_and_then(http: str, place: Place, rng: random.Random) -> None:
    """Until cancelled."""
    async with httpx.AsyncClient(base_url=http, timeout=ANSWER_S) as client:
        while True:
            await asyncio.sleep(rng.uniform(*WAIT_S))
            circuit_id = rng.choice(list(place.circuits.values()))
            wish = {"circuit_id": str(circuit_id), "pct": rng.randint(*PCT), "reason": "Drill"}
            limit = await _insist(client, place, "/grid/limits", wish)
            await asyncio.sleep(rng.uniform(*IN_FORCE_S))
            await _insist(client, place, f"/grid/limits/{limit['id']}/lift", {"reason": "Drill"})


async def _insist(client: httpx.AsyncClient, place: Place, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask until it is answered; with one key, so that what was done without an answer is not done twice."""
    once = str(uuid4())
    while True:
        headers = {"Authorization": f"Bearer {AccessToken.for_user(place.manager)}", "Idempotency-Key": once}
        try:
            answer = await client.post(path, json=body, headers=headers)
        except httpx.TransportError:
            answer = None
        # 409: a lift that was done before its answer was lost.
        if answer is not None and (answer.is_success or answer.status_code == httpx.codes.CONFLICT):
            told: dict[str, Any] = answer.json()
            return told
        await asyncio.sleep(AGAIN_S)
