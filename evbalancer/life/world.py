"""The world of a simulated life: a place with its people, and what goes wrong there."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from typing import Any

from evbalancer.life.lines import Network
from evbalancer.life.people import (
    app_user,
    building,
    car_owner,
    commuter,
    electrician,
    guest,
    manager,
    referee,
    resident,
    tester,
    treasurer,
)
from evbalancer.life.plan import Plan
from evbalancer.life.scene import HOUR_S, Scene
from evbalancer.life.server import Server
from evbalancer.life.sites.premises import Premises, Use
from evbalancer.life.troubles.agenda import troubles
from grid.models import Circuit


class World(Scene):
    """Charge points, cars, drivers and managers around a server; each a task on the simulated loop."""

    def __init__(self, plan: Plan, place: Premises, network: Network, server: Server) -> None:
        super().__init__(plan, place, network)
        self._server, self._network = server, network
        self.is_served = lambda: server.runs
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        acts = [*self._people(), *self._buildings(), *troubles(self, self._server, self._network)]
        self._tasks = [asyncio.ensure_future(act) for act in acts]

    def _people(self) -> Iterator[Coroutine[Any, Any, None]]:
        match self.place.use:
            case Use.HOME:
                yield from (
                    resident.live(self, member)
                    for member in self.place.members
                    if member.space in self.site.charge_points
                )
            case Use.WORK:
                yield from (commuter.commute(self, each, n) for n, each in enumerate(self.place.members))
            case Use.STREET:
                yield from (
                    guest.pass_by(self, station, n) for station in self.stations for n in station.connectors
                )
            case Use.WORKSHOP:
                for station, member in zip(self.stations, self.place.members, strict=False):
                    for number in station.connectors:
                        yield tester.try_out(self, station, number, member)
                for name in filter(self.place.is_tight, sorted(self.place.circuits)):
                    yield manager.manage(self, of=name, every_s=HOUR_S / 2, most_s=HOUR_S / 4)
                return
        yield from (app_user.use_app(self, member) for member in self.place.members)
        yield from (car_owner.link_car(self, member) for member in self.place.members[::4])
        yield manager.manage(self)
        yield referee.decide(self)
        yield treasurer.reform(self)
        yield electrician.rewire(self)

    def _buildings(self) -> Iterator[Coroutine[Any, Any, None]]:
        for row in Circuit.objects.filter(cluster=self.place.cluster).order_by("name"):
            if row.name in self.place.meter_keys:
                yield building.draw_and_measure(self, row.name)
            elif hasattr(row, "load_curve"):
                yield building.draw_by_curve(self, row.name)

    @property
    def felt(self) -> dict[str, int]:
        """How often what went wrong was felt below the product: frames, statements, ends of the process."""
        return dict(sorted((self._network.felt + self._server.storage.felt).items()))

    @property
    def has_failed_database(self) -> bool:
        """Whether a statement failed that the world let fail."""
        return bool(self._server.storage.raised)

    def explains(self, record: logging.LogRecord) -> bool:
        """Whether the record is about an error that was put into the product."""
        told = [record.exc_info[1] if record.exc_info else None]
        if isinstance(record.args, tuple):
            told += [each for each in record.args if isinstance(each, BaseException)]
        return any(self._server.storage.explains(error) for error in told)

    async def end(self) -> None:
        """Nothing new happens, and what was broken is whole again. Raises what a person's act raised."""
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome
        if not self._server.runs:
            await self._server.start()
