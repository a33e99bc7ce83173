"""What goes wrong at a charge point, and with the frames to and from it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

from chargers.simulator import faults
from chargers.simulator.station import Station
from evbalancer.life.lines import Network, Weather
from evbalancer.life.scene import HOUR_S, Scene, short

LOSES, REPEATS = 0.1, 0.2
LOSE_FRAMES = ("cut_under_way", "loses_frames")
# Seconds between two cuts of a socket that flaps.
FLAPS_S = (0.2, 15.0)
# Limits that it took by a wrong clock are over so long after that, at its end as at ours.
CLOCK_FELT_S = 300.0


async def misbehave(
    scene: Scene, station: Station, network: Network, *, kinds: tuple[str, ...], every_s: float
) -> None:
    rng, frames = scene.chance("troubles", station), scene.chance("frames", station)
    while True:
        await asyncio.sleep(rng.expovariate(1 / every_s))
        kind, lasts_s = rng.choice(kinds), rng.choice((5.0, 60.0, 900.0)) * rng.uniform(0.2, 1.5)
        if not scene.happens(short(station.spec.id), kind):
            continue
        scene.story.tell(station.spec.id, f"{kind} for {lasts_s:.0f} s")
        scene.disturb(lasts_s)
        if kind == "clock_steps":
            felt_until_s = asyncio.get_running_loop().time() + lasts_s + CLOCK_FELT_S
            scene.clocks_wrong_until_s[station.spec.id] = felt_until_s
        if kind in LOSE_FRAMES:
            scene.frames_lost_until_s[station.spec.id] = asyncio.get_running_loop().time() + lasts_s
        if kind in OF_LINE:
            await OF_LINE[kind](station, network, lasts_s, frames)
        else:
            await faults.inject(station, kind, duration_s=lasts_s)


async def _flap(station: Station, _: Network, lasts_s: float, rng: random.Random) -> None:
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + lasts_s
    while loop.time() < ends_s:
        station.link.drop()
        await asyncio.sleep(rng.uniform(*FLAPS_S))


async def _lose(station: Station, network: Network, lasts_s: float, rng: random.Random) -> None:
    await _weather(station, network, lasts_s, Weather(rng, network.felt, loses=LOSES))


async def _repeat(station: Station, network: Network, lasts_s: float, rng: random.Random) -> None:
    await _weather(station, network, lasts_s, Weather(rng, network.felt, repeats=REPEATS))


async def _cut_under_way(station: Station, network: Network, lasts_s: float, rng: random.Random) -> None:
    await _weather(station, network, lasts_s, Weather(rng, network.felt, cuts_next=True))


async def _step_clock(station: Station, _: Network, lasts_s: float, rng: random.Random) -> None:
    step_s = rng.choice((-HOUR_S, HOUR_S))
    station.clock.skew_s += step_s
    try:
        await asyncio.sleep(lasts_s)
    finally:
        station.clock.skew_s -= step_s


async def _weather(station: Station, network: Network, lasts_s: float, weather: Weather) -> None:
    network.weather[station.spec.id] = weather
    try:
        await asyncio.sleep(lasts_s)
    finally:
        del network.weather[station.spec.id]


OF_LINE: Mapping[str, Callable[[Station, Network, float, random.Random], Awaitable[None]]] = {
    "flapping": _flap,
    "clock_steps": _step_clock,
    "loses_frames": _lose,
    "repeats_frames": _repeat,
    "cut_under_way": _cut_under_way,
}
