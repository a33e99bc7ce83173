"""The world of a simulated life: a place with its people, and what goes wrong there."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

from evbalancer.life.lines import Network
from evbalancer.life.people import manager, resident
from evbalancer.life.plan import Plan
from evbalancer.life.scene import Scene
from evbalancer.life.server import Server
from evbalancer.life.sites.premises import Premises
from evbalancer.life.troubles import troubles


class World(Scene):
    """Charge points, cars, drivers and managers around a server; each a task on the simulated loop."""

    def __init__(self, plan: Plan, place: Premises, network: Network, server: Server) -> None:
        super().__init__(plan, place, network)
        self._server = server
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        acts = [*self._people(), *troubles(self, self._server)]
        self._tasks = [asyncio.ensure_future(act) for act in acts]

    def _people(self) -> Iterator[Coroutine[Any, Any, None]]:
        for station in self.stations:
            yield resident.live(self, station)
        yield manager.manage(self)

    async def end(self) -> None:
        """Nothing new happens, and what was broken is whole again. Raises what a person's act raised."""
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        if not self._server.runs:
            await self._server.start()
