from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from chargers.simulator.plant.spec import ChargePointSpec
from chargers.simulator.play.scenario import FaultPlan, ScenarioError, Visit, play
from chargers.simulator.play.site import Site

ROTATIONS = ("RST", "STR", "TRS")
SINGLES = ("L1", "L2", "L3")


def read_keys(path: Path) -> dict[str, str]:
    """Charge point ids and their keys (or tags): a JSON object, or a line `id key` each; ScenarioError otherwise."""
    try:
        text = path.read_text()
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    if text.lstrip().startswith("{"):
        try:
            keys = json.loads(text)
        except ValueError as error:
            raise ScenarioError(f"{path} is not JSON: {error}") from error
        if not all(isinstance(key, str) for key in keys.values()):
            raise ScenarioError(f"{path}: every key must be a string")
        return dict(keys)
    keys = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:
            raise ScenarioError(f"{path}, line {number}: expected an id and a key")
        keys[words[0]] = words[1]
    return keys


def specs_of(count: int | None, keys: dict[str, str], *, version: str = "1.6") -> list[ChargePointSpec]:
    """Wall boxes for the first `count` keys: seven of ten single-phase, spread over the phases."""
    identities = list(keys) or [f"SIM{number:04}" for number in range(1, (count or 0) + 1)]
    if count is not None and count > len(identities):
        raise ScenarioError(f"there are keys for {len(identities)} charge points, not for {count}")
    specs = []
    for number, identity in enumerate(identities[:count]):
        three = number % 10 in (2, 5, 8)
        specs.append(
            ChargePointSpec(
                id=identity,
                key=keys.get(identity, ""),
                version=version,
                phases=3 if three else 1,
                rotation=(ROTATIONS if three else SINGLES)[number % 3],
            )
        )
    return specs


async def run_site(
    site: Site,
    *,
    visits: Iterable[Visit],
    plans: Iterable[FaultPlan] = (),
    duration_s: float | None,
    every_s: float,
    tell: Callable[[str], None],
) -> None:
    """Play on a site until the time is over or SIGINT or SIGTERM comes; tell the totals every few seconds."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with site:
            playing = asyncio.create_task(play(site, visits, plans))
            playing.add_done_callback(
                lambda task: stop.set() if task.cancelled() or task.exception() else None
            )
            telling = asyncio.create_task(_tell_totals(site, every_s, tell))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(duration_s):
                    await stop.wait()
            played = playing.exception() if playing.done() else None
            for task in (playing, telling):
                task.cancel()
            await asyncio.gather(playing, telling, return_exceptions=True)
            tell(f"stopping: {site.totals()}")
            if played is not None:
                raise played
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _tell_totals(site: Site, every_s: float, tell: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(every_s)
        tell(str(site.totals()))
