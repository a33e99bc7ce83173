"""What goes wrong in a simulated life, and how often."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

from chargers.simulator import faults
from chargers.simulator.station import Station
from evbalancer.life.scene import HOUR_S, Scene, short
from evbalancer.life.server import Server

# Mean seconds between two troubles of a charge point, and between two kills of the server.
TROUBLES_S = {"none": None, "mild": 4 * HOUR_S, "hard": 1_200.0}
KILLS_S = {"none": None, "mild": None, "hard": 2 * HOUR_S}
MILD = ("cut", "offline", "late_answers", "reboot", "replayed_start")
HARD = (
    *MILD,
    "silence",
    "profiles_rejected",
    "profiles_not_supported",
    "profiles_unanswered",
    "profiles_error",
    "faulted",
)


def troubles(scene: Scene, server: Server) -> Iterator[Coroutine[Any, Any, None]]:
    """All that will go wrong, each a task of its own."""
    if (every_s := TROUBLES_S[scene.plan.faults]) is not None:
        for station in scene.stations:
            yield _misbehave(scene, station, every_s)
    if (every_s := KILLS_S[scene.plan.faults]) is not None:
        yield _kill_now_and_then(scene, server, every_s)


async def _misbehave(scene: Scene, station: Station, every_s: float) -> None:
    rng = scene.chance("troubles", station)
    kinds = MILD if scene.plan.faults == "mild" else HARD
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        kind, lasts_s = rng.choice(kinds), rng.choice((5.0, 60.0, 900.0)) * rng.uniform(0.2, 1.5)
        if not scene.happens(short(station.spec.id), kind):
            continue
        scene.story.tell(station.spec.id, f"{kind} for {lasts_s:.0f} s")
        scene.disturb(lasts_s)
        await faults.inject(station, kind, duration_s=lasts_s)


async def _kill_now_and_then(scene: Scene, server: Server, every_s: float) -> None:
    rng = scene.chance("kills")
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        away_s = rng.choice((0.0, 5.0, 300.0)) * rng.uniform(0.5, 1.5)
        if not scene.happens("server", "kill"):
            continue
        scene.story.tell("the server", f"is killed and stays away for {away_s:.0f} s")
        scene.disturb(away_s)
        await server.kill()
        await asyncio.sleep(away_s)
        await server.start()
