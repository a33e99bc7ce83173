"""The server's clock is set to a wrong time, and back again."""

import asyncio

from evbalancer.life.clock import step_clock
from evbalancer.life.scene import HOUR_S, Scene

# What was granted or announced by the wrong clock is over by then.
FELT_S = 900.0


async def step_now_and_then(scene: Scene, *, every_s: float) -> None:
    rng = scene.chance("clock")
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        step_s = rng.choice((-HOUR_S, -60.0, 60.0, HOUR_S))
        lasts_s = rng.choice((30.0, 600.0, HOUR_S)) * rng.uniform(0.2, 1.5)
        if not scene.happens("server", "clock step"):
            continue
        scene.story.tell("the server", f"its clock steps by {step_s:+.0f} s for {lasts_s:.0f} s")
        _step(scene, step_s, lasts_s + FELT_S)
        try:
            await asyncio.sleep(lasts_s)
        finally:
            _step(scene, -step_s, FELT_S)


def _step(scene: Scene, step_s: float, felt_s: float) -> None:
    step_clock(step_s)
    for station in scene.stations:
        # Theirs are other machines.
        station.clock.skew_s -= step_s
    scene.disturb_server(felt_s)
    scene.clock_wrong_until_s = max(scene.clock_wrong_until_s, asyncio.get_running_loop().time() + felt_s)
