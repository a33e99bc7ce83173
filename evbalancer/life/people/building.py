"""What a building takes beside its cars, and the meter that says so unless it falls silent."""

import asyncio
import random
from collections.abc import Iterator

from chargers.simulator.plant.wiring import Amps3
from evbalancer.common.units import PhaseMilliamps
from evbalancer.life.people.asking import Machine
from evbalancer.life.scene import HOUR_S, Scene
from grid.models import Circuit

# A meter that was silent for a minute counts for nothing.
EVERY_S = 50.0
# In so long a metered load rises by this share of its maximum at most: well below the quarter in five minutes that is expected.
MOST_RISE = 1 / 40
QUARTER_S = 900.0


async def draw_by_curve(scene: Scene, circuit: str) -> None:
    """A load that nobody measures stays below its curve."""
    rng = scene.chance(f"building of {circuit}")
    curve = Circuit.objects.get(pk=scene.place.circuits[circuit]).load_curve
    zone = scene.place.cluster.community.time_zone
    while True:
        scene.site.loads_ma[circuit] = _share(curve.at(scene.local_now(), zone), rng.uniform(0.4, 1.0))
        # The curve has a value for each quarter hour.
        await asyncio.sleep(QUARTER_S - scene.local_now().timestamp() % QUARTER_S)


async def draw_and_measure(scene: Scene, circuit: str) -> None:
    rng = scene.chance(f"building of {circuit}")
    row = Circuit.objects.get(pk=scene.place.circuits[circuit])
    meter = Machine(scene, f"the meter of {circuit}", scene.place.meter_keys[circuit])
    silent_until_s = 0.0
    for level in levels(rng):
        load_ma = _share(row.base_load_max_ma, level)
        scene.site.loads_ma[circuit] = load_ma
        now_s = asyncio.get_running_loop().time()
        lasts_s = rng.uniform(60, 0.7 * HOUR_S)
        if rng.random() < EVERY_S / (6 * HOUR_S) and scene.happens("meter", "silence"):
            silent_until_s = now_s + lasts_s
            scene.story.tell(meter.name, f"falls silent for {lasts_s:.0f} s")
        if now_s >= silent_until_s:
            scene.meters_spoke_at_s[circuit] = now_s
            meter.push(load_ma)
        await asyncio.sleep(EVERY_S)


def levels(rng: random.Random) -> Iterator[float]:
    """Shares of the maximum, one for each time that the meter looks: towards an aim, and then to another. Never ends."""
    level = rng.random()
    while True:
        aim = rng.random()
        for _ in range(rng.randrange(10, 60)):
            level += max(-4 * MOST_RISE, min(MOST_RISE, aim - level))
            yield level


def _share(most_ma: PhaseMilliamps, share: float) -> Amps3:
    return int(most_ma.l1 * share), int(most_ma.l2 * share), int(most_ma.l3 * share)
